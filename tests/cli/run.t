# A run and what can be done with it. Each case is a small lab of its own.

TEST: run, show, verify, replay
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/hello.lua
  return {
    name = 'hello', summary = 'Say hello.', home = 'ai-team/artifacts',
    spec = {
      type = 'object', required = { 'who' }, additionalProperties = false,
      properties = { who = { type = 'string' }, times = { type = 'integer', default = 1 } },
    },
    run = function(run, spec)
      run:note('metric', { name = 'times', value = spec.times })
      for i = 1, spec.times do
        run:write('hello' .. i .. '.txt', 'hello ' .. spec.who .. '\n')
      end
    end,
  }
FILE: spec.json
  { "who": "world" }
RUN: tlab run recipes/hello.lua spec.json
STDOUT: 20…/ai-team/artifacts/…Z-hello-…
STDERR:
  hello … succeeded in …, 2 effects
  see it: tlab show …
TREE: latest/run.json latest/hello1.txt latest/spec.json latest/record/effects.jsonl !latest/hello2.txt
RUN: tlab hello spec.json times:=2 -q
STDERR:
TREE: latest/hello2.txt
RUN: tlab show latest
STDOUT:
  hello … succeeded
    recipe   recipes/hello.lua
    when     20…Z, took …
    metrics  times 2
    effects  3 (fs.write 2, run.note 1)
    ...
  outputs
    hello1.txt  12 B  a948904f2f0f
    hello2.txt  12 B  a948904f2f0f
    spec.json   …
  next: tlab replay …
  ...
RUN: tlab show latest --json > shown; cmp shown latest/run.json
RUN: tlab verify latest
STDOUT: same: 6 files and 3 effects of run … are as they were made
RUN: tlab replay latest
STDOUT: same: 3 effects answered from the record of …, 2 files with the same bytes
RUN: tlab replay latest --json
STDOUT: {"differences":[],"effects":3,"files":2,"id":"…","same":true}
RUN: tlab verify --json latest
STDOUT: {"effects":3,"files":6,"findings":[],"id":"…","notes":[],"same":true,"status":"succeeded"}
RUN: cp -r "$(readlink latest)" ../copy-$$ && cd ../copy-$$ && tlab verify . && tlab replay . && tlab show run.json && rm -r ../copy-$$
RUN: echo x >> latest/hello1.txt; tlab verify latest
EXIT: 5
STDOUT: hello1.txt: changed (expected a948904f2f0f, found …)
RUN: rm latest/hello1.txt; touch latest/more; tlab verify latest
EXIT: 5
STDOUT:
  hello1.txt: missing (expected a948904f2f0f)
  more: extra
RUN: tlab run recipes/hello.lua who=x --json > run.json; cmp run.json latest/run.json

TEST: a run is found by its id, its folder and latest
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/empty.lua
  return { name = 'empty', summary = 'Nothing.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab show latest
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no latest run in this lab yet
  help: tlab day  # a first run; tlab help names the other recipes
RUN: tlab empty > folder
RUN: tlab show "$(sed 's/.*-//' folder)" > one; tlab show "$(cat folder)" > two; tlab show latest > three; cmp one two && cmp one three
RUN: cd recipes && tlab show latest > ../four && cmp ../one ../four
RUN: tlab show ffffffff
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no run "ffffffff"
     = expected: a run's folder, four or more digits of its id, or latest
     = a run that was copied into this lab is found once the index is made again
  help: tlab runs --rebuild

TEST: a spec that is wrong, and nothing is run
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/hello.lua
  return {
    name = 'hello', summary = 'Say hello.', home = 'ai-team/artifacts',
    spec = {
      type = 'object', required = { 'who' }, additionalProperties = false,
      properties = { who = { type = 'string' }, times = { type = 'integer' } },
    },
    run = function() end,
  }
FILE: spec.json
  { "whoo": "x",
    "times": "three" }
RUN: tlab hello spec.json
EXIT: 3
STDOUT:
STDERR:
  error[INVALID]: the spec is not valid: 3 errors
  ...
RUN: tlab validate recipes/hello.lua spec.json
EXIT: 3
RUN: tlab validate hello who=x
STDOUT: valid: who=x (recipes/hello.lua)
RUN: tlab hello none.json
EXIT: 3
RUN: tlab hello spec.json --json
EXIT: 3
STDOUT: {"error":{"code":"INVALID",…}}
TREE: !latest !20*

TEST: a recipe that fails says where, and the run is kept
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/bad.lua
  return {
    name = 'bad', summary = 'Fails.', home = 'ai-team/artifacts',
    run = function(run)
      run:write('before.txt', 'x')
      error('no luck')
    end,
  }
RUN: tlab bad
EXIT: 1
STDOUT:
STDERR:
  error[RUN_FAILED]: no luck
    --> recipes/bad.lua:5
  5 |     error('no luck')
    |     ^^^^^^^^^^^^^^^^
  note: this run is kept as failed: tlab show …
TREE: latest/run.json latest/before.txt
RUN: tlab show latest
STDOUT:
  bad … failed
  ...
  error[RUN_FAILED]: no luck
    --> recipes/bad.lua:5
  ...
RUN: tlab verify latest
RUN: tlab replay latest
RUN: tlab bad --json
EXIT: 1
STDOUT: {…"error":{"code":"RUN_FAILED",…"status":"failed"…}
STDERR:

TEST: a permit that is missing: what was needed, what was allowed, what to type
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/net.lua
  return {
    name = 'net', summary = 'Asks a server.', home = 'ai-team/artifacts',
    needs = { net = { '127.0.0.1:1' } },
    run = function() tlab.http.send { url = 'http://127.0.0.1:1/' } end,
  }
RUN: tlab net
EXIT: 4
STDERR:
  error[NOT_PERMITTED]: …
    --> recipes/net.lua:4
  ...
     = needed: net 127.0.0.1:1
     = allowed: nothing
  help: tlab run --allow-net=127.0.0.1:1 recipes/net.lua
  note: this run is kept as failed: tlab show …

TEST: no lab, no recipe, a lab that is wrong
RUN: tlab run x.lua
EXIT: 1
STDERR:
  error[NOT_FOUND]: …
  ...
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab run recipes/none.lua
EXIT: 1
FILE: lab.json
  { "schema": "tlab.lab/1", "colour": "red" }
RUN: tlab none
EXIT: 3

TEST: a run that takes too long, one that is stopped
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/loop.lua
  return { name = 'loop', summary = 'Never ends.', home = 'ai-team/artifacts', run = function() while true do end end }
RUN: tlab loop --limit-seconds=1
EXIT: 1
STDERR:
  error[TIMEOUT]: …
  ...
  note: this run is kept as timeout: tlab show …
RUN: tlab show latest | head -n 1
STDOUT: loop … timeout
RUN: timeout --foreground -s INT 1 tlab loop; test $? -eq 124 && tlab show latest | head -n 1
STDOUT: loop … interrupted
RUN: tlab verify latest

TEST: a .git that is no repository is none
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/empty.lua
  return { name = 'empty', summary = 'Nothing.', home = 'ai-team/artifacts', run = function() end }
RUN: mkdir .git && tlab empty -q > folder
RUN: grep -c '"git":' latest/run.json
EXIT: 1
STDOUT: 0

TEST: first steps with a recipe that go wrong
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/nothing.lua
  local recipe = { name = 'nothing' }
FILE: recipes/home.lua
  return { name = 'home', summary = 'x', home = '/abs', run = function() end }
FILE: recipes/io.lua
  return { name = 'io', summary = 'x', home = 'a', run = function()
    return io.open 'x'
  end }
RUN: tlab nothing
EXIT: 3
STDERR:
  error[INVALID]: recipes/nothing.lua returns nothing, expected a recipe: a table with name, summary, home and run
    --> recipes/nothing.lua
  help: tlab new recipe NAME  # one to begin with
RUN: tlab home
EXIT: 3
STDERR:
  error[INVALID]: recipes/home.lua: the field home is "/abs", expected a folder of the day, such as "ai-team/artifacts"
    --> recipes/home.lua:1
  1 | return { name = 'home', summary = 'x', home = '/abs', run = function() end }
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
RUN: tlab io
EXIT: 1
STDERR:
  error[RUN_FAILED]: attempt to index a nil value (global 'io')
    --> recipes/io.lua:2
  2 |   return io.open 'x'
    |   ^^^^^^^^^^^^^^^^^^
  help: tlab ops  # files are read by run:read, written by run:write; there is no io
  note: this run is kept as failed: tlab show …
