# A lab of one's own.

TEST: a folder becomes a lab, and tlab works in it and below
RUN: tlab init my-lab
STDOUT:
  made  recipes/ai.lua
  made  recipes/compare.lua
  made  recipes/day.lua
  ...
  made  schemas/spec.schema.json
  ...
  made  recipes/hello.lua
  made  schemas/hello.schema.json
  made  tests/recipes/hello_test.lua
  made  specs/ai.json
  made  specs/hello.json
  made  secrets/README.md
  made  secrets/example.env.lab
  made  Justfile
  made  flake.nix
  made  flake.lock
  made  .envrc
  made  .gitignore
  made  .gitattributes
  made  .githooks/pre-commit
  made  .editorconfig
  made  .luarc.json
  made  types/, for editors: …
  made  lab.json
STDERR:
  next:
    cd my-lab
    ...
RUN: cd my-lab/specs && tlab test -q && tlab hello hello.json && tlab verify latest && tlab replay latest && cat ../latest/hello-1.txt
STDOUT:
  ok 1 - hello: a greeting for each time
  ok 2 - hello: the spec that comes with it
  1..2
  20…/ai-team/artifacts/…Z-hello-…
  same: … files and 1 effect of run … are as they were made
  same: 1 effect answered from the record of …, 1 file with the same bytes
  Hello, world!
RUN: cd my-lab && tlab validate lab.json && tlab validate specs/hello.json && tlab validate specs/ai.json && for r in ai day hello; do tlab help $r > /dev/null || echo bad; done
STDOUT:
  valid: lab.json (schemas/lab.schema.json)
  valid: specs/hello.json (specs/../schemas/hello.schema.json)
  valid: specs/ai.json (specs/../schemas/spec.schema.json)
RUN: cd my-lab && tlab ai specs/ai.json -q --offline
EXIT: 6

TEST: nothing is overwritten, what is missing comes back
RUN: mkdir lab && cd lab && echo mine > Justfile && ln -s nowhere flake.nix && echo other > other.txt && tlab init
STDOUT:
  ...
  kept  Justfile, which is yours
  kept  flake.nix, which is yours
  made  flake.lock
  ...
RUN: cat lab/Justfile lab/other.txt; readlink lab/flake.nix
STDOUT:
  mine
  other
  nowhere
RUN: cd lab && find . -printf '%p %T@ %m\n' | sort > ../before && tlab init && find . -printf '%p %T@ %m\n' | sort | diff ../before -
STDOUT:
  kept  Justfile, which is yours
  kept  flake.nix, which is yours
  there already: … of … files
RUN: cd lab && rm -r recipes lab.json && tlab init --json
STDOUT: {"files":[{"path":"recipes/ai.lua","what":"made"},…{"path":"Justfile","what":"kept"},…{"path":"lab.json","what":"made"}],"root":"…/lab"}

TEST: modes are those of a work tree, but for secrets
RUN: umask 022; tlab init a -q; (umask 077; tlab init b -q); cd a && stat -c '%a %n' recipes recipes/ai.lua .githooks/pre-commit secrets ../b/recipes ../b/lab.json ../b/.githooks/pre-commit
STDOUT:
  755 recipes
  644 recipes/ai.lua
  755 .githooks/pre-commit
  700 secrets
  700 ../b/recipes
  600 ../b/lab.json
  700 ../b/.githooks/pre-commit

TEST: not within another lab
RUN: tlab init outer -q && mkdir outer/sub && cd outer/sub && tlab init
EXIT: 2
STDERR:
  error[USAGE]: . lies in a lab: …/outer
     = expected: a folder outside, since tlab finds the nearest lab.json upwards
  help: tlab init --force .  # …
RUN: tlab init outer/not/there/yet
EXIT: 2
TREE: !outer/not
RUN: tlab init --force -q outer/sub
TREE: outer/sub/lab.json
RUN: tlab init outer -q && tlab init outer/../outer -q

TEST: what is in the way
RUN: echo x > file && tlab init file
EXIT: 1
STDERR: error[EXISTS]: file is a file, expected a folder
RUN: tlab init file/sub
EXIT: 1
RUN: mkdir lab out && ln -s ../out lab/recipes && tlab init lab
EXIT: 1
STDERR:
  error[EXISTS]: …/lab/recipes is a link, expected a folder
  ...
RUN: ls out
STDOUT:
RUN: mkdir odd && echo '{"schema":"tlab.lab/1","nme":1}' > odd/lab.json && tlab init odd -q
EXIT: 3
STDERR:
  error[INVALID]: …/odd/lab.json is not valid: 1 error
  ...

TEST: the name comes from the folder
RUN: d=$(printf 'x%.0s' $(seq 150)); tlab init "$d" -q && grep -c '"name": "x\{100\}"' "$d/lab.json"; tlab init 'Grüße "1"' -q && grep name Gr*/lab.json; n=$(printf 'bad\377'); tlab init "$n" -q; grep name bad*/lab.json
STDOUT:
  1
    "name": "Grüße \"1\"",
    "name": "lab",

TEST: without a lab, and without recipes
RUN: tlab day
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no lab here: no lab.json in …
  help: tlab init
RUN: echo '{"schema":"tlab.lab/1"}' > lab.json; tlab day date=2026-10-03 -q && grep -c '"file":"recipes/day.lua"' latest/run.json && grep -o '"file":"recipes/day.lua",.*"name":"day","origin":"embedded"' latest/run.json | grep -c . && tlab verify latest -q && tlab replay latest -q; tlab help | grep -A1 Recipes:
STDOUT:
  2026/10/03
  1
  1
  Recipes:
    ai compare day digest …
RUN: mkdir recipes && echo "return { name = 'ai', summary = 'Mine.', home = 'x', run = function() end }" > recipes/ai.lua && tlab ai -q && grep -o '"origin":"lab","sha256' latest/run.json; tlab help ai | head -1
STDOUT:
  20…
  "origin":"lab","sha256
  ai: Mine.
