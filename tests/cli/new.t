# tlab new recipe NAME: what a recipe of one's own begins with.

TEST: from an idea to a replay
RUN: tlab init lab -q && cd lab && tlab new recipe haiku
STDOUT:
  made  recipes/haiku.lua
  made  schemas/haiku.schema.json
  made  specs/haiku.json
  made  tests/recipes/haiku_test.lua
STDERR:
  next:
    tlab haiku specs/haiku.json          # run it
    tlab test haiku                      # what it must do, as its test says
    tlab replay latest                   # the run again, from its record
RUN: cd lab && tlab haiku specs/haiku.json -q && tlab test haiku && tlab replay latest && tlab verify latest
STDOUT:
  20…/analyzer/outputs/…Z-haiku-…
  ok 1 - haiku: words are counted, the most frequent first
  ok 2 - haiku: a text is needed
  1..2
  same: 2 effects answered from the record of …, 1 file with the same bytes
  same: …
RUN: cd lab && head -2 latest/words.csv; tlab validate specs/haiku.json; tlab validate haiku text=x; tlab help haiku | head -1; grep -rc new_recipe recipes/haiku.lua schemas/haiku.schema.json specs/haiku.json tests | grep -v ':0$'; umask; stat -c '%a' recipes/haiku.lua
STDOUT:
  word,times
  fern,2
  valid: specs/haiku.json (specs/../schemas/haiku.schema.json)
  valid: text=x (schemas/haiku.schema.json)
  haiku: Count the words of a text.
  0022
  644

TEST: from anywhere in the lab, as JSON, and without a word
RUN: tlab init lab -q && mkdir -p lab/a/b && cd lab/a/b && tlab new recipe one --json
STDOUT: {"files":["recipes/one.lua","schemas/one.schema.json","specs/one.json","tests/recipes/one_test.lua"],"root":"…/lab"}
STDERR:
RUN: cd lab/a && tlab new recipe two
STDERR:
  next:
    cd …/lab
    tlab two specs/two.json …
    ...
RUN: cd lab && tlab new recipe three -q
STDOUT:
STDERR:

TEST: names that are none
RUN: tlab init lab -q; cd lab; ls -R > ../before; for n in '' Haiku 1st a.b 'my recipe' ../x -- "$(printf 'x%.0s' $(seq 65))"; do tlab new recipe "$n" 2>&1 | sed -n '1p;$p'; done; ls -R | diff ../before - && echo same
STDOUT:
  error[USAGE]: "" is no name for a recipe
  help: tlab new recipe my-recipe
  error[USAGE]: "Haiku" is no name for a recipe
  help: tlab new recipe haiku
  error[USAGE]: "1st" is no name for a recipe
  help: tlab new recipe st
  error[USAGE]: "a.b" is no name for a recipe
  help: tlab new recipe a-b
  error[USAGE]: "my recipe" is no name for a recipe
  help: tlab new recipe my-recipe
  error[USAGE]: "../x" is no name for a recipe
  help: tlab new recipe x
  error[USAGE]: a recipe needs a name
  help: tlab new recipe haiku
  error[USAGE]: "xxx…" is no name for a recipe
  help: tlab new recipe xxx…
  same
RUN: cd lab && tlab new recipe replay
EXIT: 2
STDERR:
  error[USAGE]: "replay" is a command of tlab, a recipe of that name could not be called
  help: tlab new recipe my-replay
RUN: cd lab && tlab new recipe lab
EXIT: 2
STDERR:
  error[USAGE]: schemas/lab.schema.json is one of tlab, and would be hidden
  help: tlab new recipe my-lab
RUN: cd lab && tlab new recpie haiku
EXIT: 2
STDERR:
  error[USAGE]: there is nothing called "recpie" to be made, did you mean recipe?
  help: tlab new recipe haiku

TEST: nothing is overwritten, and all is made or none
RUN: tlab init lab -q && cd lab && mkdir -p tests/recipes && echo mine > tests/recipes/haiku_test.lua && tlab new recipe haiku
EXIT: 1
STDERR:
  error[EXISTS]: tests/recipes/haiku_test.lua is there already: nothing was made
  help: tlab new recipe haiku-2
RUN: cd lab && cat tests/recipes/haiku_test.lua && ls recipes specs schemas | grep haiku
EXIT: 1
STDOUT: mine
RUN: cd lab && rm -r tests && echo x > tests && tlab new recipe haiku
EXIT: 1
STDERR:
  error[EXISTS]: …/tests is a file, expected a folder
TREE: !lab/recipes/haiku.lua !lab/schemas/haiku.schema.json !lab/specs/haiku.json

TEST: in the place of one that tlab has
RUN: echo '{"schema":"tlab.lab/1"}' > lab.json; tlab new recipe day
EXIT: 2
STDERR:
  error[USAGE]: tlab brings a recipe "day" along, in whose place the new one would be run
  help: tlab new recipe day --force  # if that is wanted
TREE: !recipes
RUN: tlab new recipe day --force -q && tlab day text=a -q && tlab test && tlab new recipe day --force
EXIT: 1
STDOUT:
  20…/analyzer/outputs/…Z-day-…
  ok 1 - day: words are counted, the most frequent first
  ok 2 - day: a text is needed
  1..2
STDERR:
  2 passed, 0 failed
  error[EXISTS]: recipes/day.lua is there already: nothing was made
  help: …

TEST: without a lab
RUN: tlab new recipe haiku
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no lab here: no lab.json in …
  help: tlab init

TEST: what editors are told, for a lab of before
RUN: tlab init lab -q && cd lab && rm -r types .luarc.json && mkdir sub && cd sub && tlab new editor
STDOUT:
  made  .luarc.json
  made  types/, for editors: …
RUN: cd lab && sed -i 's/fs.read/fs.raed/' types/tlab.lua && echo mine > types/tlab/csv.lua && tlab new editor
STDOUT:
  anew  types/, for editors: 1
  kept  types/tlab/csv.lua, which is yours
  there already: … of … files
RUN: cd lab && tlab new editor -q; grep -c 'fs.raed' types/tlab.lua
EXIT: 1
STDOUT: 0
RUN: cd lab && tlab new editor mine; tlab new editr
EXIT: 2
STDERR:
  error[USAGE]: tlab new editor takes no name
  help: tlab new editor
  error[USAGE]: there is nothing called "editr" to be made, did you mean editor?
  help: tlab new editor
RUN: tlab new editor
EXIT: 1
STDERR:
  error[NOT_FOUND]: …
  ...
