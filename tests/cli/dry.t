# A dry run says what a run would do and need, and keeps nothing. tests/e2e/test_dry.py looks at all that it must not touch.

TEST: a recipe that only writes
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/hello.lua
  return {
    name = 'hello', summary = 'Say hello.', home = 'ai-team/artifacts',
    spec = { type = 'object', required = { 'who' }, properties = { who = { type = 'string' }, ms = { type = 'integer', default = 60000 } } },
    run = function(run, spec)
      for i = 1, 3 do tlab.clock.sleep(spec.ms) end
      run:write('hello.txt', 'hello ' .. spec.who .. '\n')
    end,
  }
RUN: tlab hello who=world --dry-run --seed 7
STDOUT:
  hello, a dry run: nothing is kept, nothing went outward
    recipe  recipes/hello.lua
    folder  ai-team/artifacts
    key     …
    seed    7
  effects
    clock.sleep             3  done
    fs.write     hello.txt  1  done  the run itself
  would write
    hello.txt  12 B
  next: tlab hello who=world --seed 7
STDERR:
TREE: !latest !runs.csv !.tlab !20*
RUN: tlab run --dry-run hello
EXIT: 3
STDERR:
  error[INVALID]: the spec is not valid: 1 error
  ...
RUN: tlab hello who=world --dry-run --json | tlab validate --schema schemas/dry.schema.json -
STDOUT: valid: - (schemas/dry.schema.json)
RUN: tlab hello who=world ms=0 -q > /dev/null; tlab hello who=world ms=0 --dry-run --json | tr , '\n' | grep '^"key"' > dry; tr , '\n' < latest/run.json | grep '^"key"' | cmp - dry

TEST: what is missing, with the one line to type
FILE: lab.json
  { "schema": "tlab.lab/1", "secrets": { "SOME_KEY": { "hosts": ["example.org"] } },
    "permits": { "allow": { "env": ["HOME"] }, "deny": { "read": ["/etc/shadow"] } } }
FILE: recipes/reach.lua
  return {
    name = 'reach', summary = 'Reach out.', home = 'ai-team/artifacts',
    needs = {
      net = { 'example.org:443' }, read = { '/etc/hostname', '/etc/shadow' }, run = { 'true', 'later' },
      env = { 'HOME', 'LANG' }, secret = { 'SOME_KEY' },
    },
    run = function(run)
      for i = 1, 2 do
        tlab.http.send { url = 'https://example.org/' .. i, headers = { authorization = tlab.secret 'SOME_KEY' } }
      end
      tlab.fs.read '/etc/hostname'
      tlab.fs.read '/etc/shadow'
      tlab.proc.run { argv = { 'true' } }
      tlab.env.get 'HOME'
      tlab.env.get 'LANG'
      tlab.env.get 'TERM'
      run:say 'still here'
    end,
  }
RUN: tlab run --dry-run --allow-env LANG reach 'a word=1'
EXIT: 4
STDOUT:
  reach, a dry run: nothing is kept, nothing went outward
  ...
  effects
    http.send  example.org:443  2  not known  missing: --allow-net=example.org:443
    fs.read    /etc/hostname    1  not known  missing: --allow-read=/etc/hostname
    fs.read    /etc/shadow      1  not known  denied
    proc.run   true             1  not known  missing: --allow-run=true
    env.get    HOME             1  done       allowed by lab.json
    env.get    LANG             1  …  allowed by the command line
    env.get    TERM             1  not known  undeclared
  declared, not asked for
    run  later  missing: --allow-run=later
  secrets
    SOME_KEY  missing: the secret SOME_KEY is …
  note: 6 answers were not known, the first that of effect 1: what follows may differ
  error: lab.json denies /etc/shadow: permits.deny.read
  error: the recipe does not declare it: needs = { env = { 'TERM' } }
  next: tlab run --allow-net=example.org:443 --allow-read=/etc/hostname --allow-run=true --allow-run=later --allow-env LANG reach 'a word=1'
STDERR: still here
RUN: tlab reach --dry-run --json | tlab validate --schema schemas/dry.schema.json -
STDOUT: valid: - (schemas/dry.schema.json)

TEST: a folder with many files is one permit
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/walk.lua
  return {
    name = 'walk', summary = 'Read.', home = 'ai-team/artifacts', needs = { read = { '/data' } },
    run = function()
      for i = 1, 3 do tlab.fs.read('/data/' .. i) end
    end,
  }
RUN: tlab walk --dry-run | tail -n 1
STDOUT: next: tlab walk --allow-read=/data

TEST: an error is told, and certain when all before it was known
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/wrong.lua
  return {
    name = 'wrong', summary = 'Fails.', home = 'ai-team/artifacts', needs = { net = { 'localhost' } },
    run = function(run, spec)
      local reply = spec.ask and tlab.http.send { url = 'http://localhost:9/' }
      error('no reply: ' .. tostring(reply))
    end,
  }
RUN: tlab wrong --dry-run | tail -n 2
STDOUT:
  error: the recipe ended with error[RUN_FAILED]: no reply: nil (recipes/wrong.lua:5)
  next: tlab wrong
RUN: tlab wrong --dry-run
EXIT: 1
RUN: tlab wrong --dry-run ask:=true --allow-net localhost
STDOUT:
  ...
  note: 1 answer was not known, the first that of effect 1: what follows may differ
  note: the recipe ended with error[RUN_FAILED]: no reply: nil (recipes/wrong.lua:5)
  next: tlab wrong ask:=true --allow-net localhost
RUN: echo 'return {' > recipes/wrong.lua; tlab wrong --dry-run
EXIT: 3

TEST: a day that is open, and one whose folder is there
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: mkdir -p 2026/10/03; tlab day date=2026-10-03 --dry-run | tail -n 5
STDOUT:
  would write
    README.md           …
    knowledge/notes.md  26 B
  note: 2026/10/03 is there already: what lies in it the recipe did not see
  next: tlab day date=2026-10-03
TREE: !2026/10/03/run.json !.tlab
RUN: tlab day date=2026-10-03 -q && tlab day date=2026-10-03 --dry-run
STDOUT:
  2026/10/03
  2026/10/03 is open already: nothing would be done
