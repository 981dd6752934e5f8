# tlab test: tests of recipes, each in a lab of its own.

TEST: what fails is told with its place, and the others run
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/echo.lua
  return {
    name = 'echo',
    summary = 'Write what the spec says.',
    home = 'out',
    run = function(run, spec)
      run:write('said.txt', spec.text)
      run:write_json('said.json', { text = spec.text })
      run:write_jsonl('said.jsonl', { { text = spec.text } })
      if spec.fail then
        error('it was told to')
      end
    end,
  }
FILE: tests/recipes/echo_test.lua
  local t = require 'tlab.test'
  t.test('one', function(lab)
    local run = lab:run('echo', { text = 'a\nb\n' })
    t.eq(run.status, 'succeeded')
    t.eq(run.outputs, { 'said.json', 'said.jsonl', 'said.txt' })
    t.eq(run:read 'said.txt', 'a\nB\n')
  end)
  t.test('two: # of things', function(lab)
    local run = lab:run('echo', { text = 'a' })
    t.eq(run:json 'said.json', { text = 'a' })
    t.eq(run:rows('said.jsonl')[1], { text = 'a' })
  end)
  t.test('three', function()
    t.eq({ 1, { a = true } }, { 1, { a = false } }, 'both')
  end)
  t.test('four', function(lab)
    local run = lab:run('echo', { text = 'a', fail = true })
    t.eq(run.error.message, 'it was told to')
    t.eq(run.error.line, 10)
    t.eq(run:read 'said.txt', 'a')
    run:read 'other.txt'
  end)
  t.test('five', function(lab)
    lab:run('ecko'):read 'said.txt'
  end)
  t.test('six', function(lab)
    lab:run('echo', {}, { answer = {} })
  end)
  t.test('seven', function()
    local nothing
    return nothing.x
  end)
  t.test('eight', function()
    t.has(t.err(function()
      error 'no'
    end, 'n.').code or 'x', 'y')
  end)
RUN: tlab test
EXIT: 1
STDOUT:
  not ok 1 - echo: one
    # tests/recipes/echo_test.lua:6: it is not as expected
    # --- expected
    # +++ got
    # @@ -1,2 +1,2 @@
    #  a
    # -B
    # +b
  ok 2 - echo: two: \# of things
  not ok 3 - echo: three
    # tests/recipes/echo_test.lua:14: both: got {1, {a = true}}, expected {1, {a = false}}
  not ok 4 - echo: four
    # tests/recipes/echo_test.lua:21: NOT_FOUND: the run made no file other.txt, and failed: recipes/echo.lua:10: it was told to
  not ok 5 - echo: five
    # tests/recipes/echo_test.lua:24: NOT_FOUND: the run failed: there is no recipe ecko, did you mean echo?
  not ok 6 - echo: six
    # tests/recipes/echo_test.lua:27: the third argument of lab:run has no answer: did you mean "answers"?
  not ok 7 - echo: seven
    # tests/recipes/echo_test.lua:31: attempt to index a nil value (local 'nothing')
  not ok 8 - echo: eight
    # tests/recipes/echo_test.lua:34: "y" was expected in "x"
  1..8
STDERR:
  1 passed, 7 failed
TREE: !runs.csv !latest
RUN: ls -d "$TMPDIR"/tlab-tests-* 2>/dev/null
EXIT: 2
STDOUT:
RUN: tlab test --json | grep -o '^{"failed":7,"passed":1,"tests":\[{"at":"tests/recipes/echo_test.lua","file":"tests/recipes/echo_test.lua","line":6,"message":"it is'
STDOUT: {"failed":7,"passed":1,"tests":[{"at":"tests/recipes/echo_test.lua","file":"tests/recipes/echo_test.lua","line":6,"message":"it is

TEST: a file that does not load, one without a test, one that never ends
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: tests/recipes/a_test.lua
  local t = require 'tlab.test'
  t.test('x' function() end)
FILE: tests/recipes/b_test.lua
  local t = require 'tlab.tset'
FILE: tests/recipes/c_test.lua
  return 1
FILE: tests/recipes/d_test.lua
  local t = require 'tlab.test'
  t.test('before', function() end)
  t.test('loop', function()
    while true do end
  end)
  t.test('after', function() end)
FILE: tests/recipes/e_test.lua
  local t = require 'tlab.test'
  t.test('still', function() end)
  t.test('odd', function() error({}) end)
RUN: tlab test --limit-cpu 1 -q
EXIT: 1
STDOUT:
  not ok 1 - a: the file loads
    # tests/recipes/a_test.lua:2: ')' expected near 'function'
  not ok 2 - b: the file loads
    # tests/recipes/b_test.lua:1: …'tlab.tset'…
  not ok 3 - c: there is a test in it
    # the file calls t.test nowhere
  ok 4 - d: before
  not ok 5 - d: loop
    # the recipe used up its CPU limit of 1 s: tlab test --limit-cpu=SECONDS
  not ok 6 - d: after
    # not run: the test before it ended all of them
  ok 7 - e: still
  not ok 8 - e: odd
    # {}
  1..8
STDERR:

TEST: which ones
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/untested.lua
  return {}
FILE: tests/recipes/one_test.lua
  local t = require 'tlab.test'
  t.test('is', function() end)
FILE: tests/recipes/two_test.lua
  local t = require 'tlab.test'
  t.test('is', function() end)
RUN: tlab test recipes/two.lua one tests/recipes/one_test.lua -q
STDOUT:
  ok 1 - two: is
  ok 2 - one: is
  1..2
RUN: mkdir sub && cd sub && tlab test two -q
STDOUT:
  ok 1 - two: is
  1..1
RUN: tlab test tow
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no test of "tow", did you mean two?
     = tests are tests/recipes/NAME_test.lua
  help: tlab test two
RUN: tlab test untested
EXIT: 1
STDERR:
  error[NOT_FOUND]: untested has no test: tests/recipes/untested_test.lua is not there
RUN: rm -r tests && tlab test
EXIT: 1
STDERR:
  error[NOT_FOUND]: there are no tests in …/tests/recipes
  help: tlab new recipe my-recipe  # with a test

TEST: what is expected lies in a folder
FILE: lab/tests/recipes/words_test.lua
  local t = require 'tlab.test'
  t.test('as before', function(lab)
    t.artifacts(lab:run('count', { text = 'a b' }), 'tests/recipes/words/expected')
  end)
RUN: tlab init lab -q && cd lab && tlab new recipe count -q && rm tests/recipes/count_test.lua
RUN: cd lab && tlab test words -q
EXIT: 1
STDOUT:
  not ok 1 - words: as before
    # tests/recipes/words_test.lua:3: words.csv was made, and is not expected
    # to take over what came: tlab test --update words
  1..1
RUN: cd lab && tlab test words --update && cat tests/recipes/words/expected/words.csv && tlab test words -q && echo old > tests/recipes/words/expected/old.txt && sed -i s/b,1/c,1/ tests/recipes/words/expected/words.csv && tlab test words -q
EXIT: 1
STDOUT:
  ok 1 - words: as before
  1..1
  word,times
  a,1
  b,1
  ok 1 - words: as before
  1..1
  not ok 1 - words: as before
    # tests/recipes/words_test.lua:3: old.txt is expected, and was not made
    # --- expected/words.csv
    # +++ made/words.csv
    # @@ -1,3 +1,3 @@
    #  word,times
    #  a,1
    # -c,1
    # +b,1
    # to take over what came: tlab test --update words
  1..1
STDERR:
  updated tests/recipes/words/expected/words.csv
  1 passed, 0 failed
RUN: cd lab && tlab test words --update --json && tlab test words -q && ls tests/recipes/words/expected
STDOUT:
  {"failed":0,"passed":1,"tests":[…],"updated":["tests/recipes/words/expected/old.txt","tests/recipes/words/expected/words.csv"]}
  ok 1 - words: as before
  1..1
  words.csv
RUN: cd lab && sed -i s,tests/recipes/words/expected,recipes/x, tests/recipes/words_test.lua && tlab test words --update -q
EXIT: 1
STDOUT:
  not ok 1 - words: as before
    # tests/recipes/words_test.lua:3: ARGUMENT: recipes/x: expected a folder of the lab below tests/
  1..1
TREE: !lab/recipes/x

TEST: the network is what the test says
FILE: lab.json
  { "schema": "tlab.lab/1", "permits": { "deny": { "net": ["denied.example"] } },
    "secrets": { "KEY": { "hosts": ["api.example"] } } }
FILE: recipes/get.lua
  return {
    name = 'get',
    summary = 'Get what there is.',
    home = 'out',
    needs = { net = { 'api.example', 'denied.example' }, secret = { 'KEY' } },
    run = function(run, spec)
      local answer, err
      for _ = 1, 2 do
        answer, err = tlab.http.send {
          url = spec.url,
          method = 'POST',
          body = '{"q":1}',
          headers = { authorization = { 'Bearer ', tlab.secret 'KEY' } },
        }
        if err or answer.status == 200 then
          break
        end
        tlab.clock.sleep(3600000)
      end
      run:say('it took ' .. tlab.clock.monotonic() .. ' ms')
      run:write('answer', err and err.code or answer.body)
    end,
  }
FILE: recipes/stream.lua
  return {
    name = 'stream',
    summary = 'Read piece by piece.',
    home = 'out',
    needs = { net = { 'api.example' } },
    run = function(run)
      local stream = assert(tlab.http.open { url = 'https://api.example/s' })
      local parts = {}
      while true do
        local part = tlab.http.next(stream.handle)
        if not part then
          break
        end
        parts[#parts + 1] = part
      end
      tlab.http.close(stream.handle)
      run:write_json('parts', parts)
    end,
  }
FILE: tests/recipes/get_test.lua
  local t = require 'tlab.test'
  local url = 'https://api.example/v1/ask'
  t.test('an answer, after one that fails', function(lab)
    local run = lab:run('get', { url = url }, {
      answers = {
        { url = 'https://api.example/*', status = 503, times = 1 },
        { method = 'POST', url = url, has = '"q"', json = { a = { 1 } } },
      },
    })
    t.eq(run:read 'answer', '{"a":[1]}')
    t.eq(run.said, { 'it took 3600000 ms' })
    t.eq(#run.requests, 2)
    t.eq(run.requests[2], {
      method = 'POST', url = url, body = '{"q":1}',
      headers = { authorization = 'Bearer <secret:KEY>' },
    })
  end)
  t.test('nobody there', function(lab)
    local run = lab:run('get', { url = url }, { answers = { { url = '*', error = {} } } })
    t.eq(run:read 'answer', 'NETWORK')
  end)
  t.test('offline', function(lab)
    t.eq(lab:run('get', { url = url }):read 'answer', 'NOT_RECORDED')
  end)
  t.test('not declared', function(lab)
    local run = lab:run('get', { url = 'http://other.example/' }, { answers = { { url = '*' } } })
    t.eq(run.error.code, 'NOT_PERMITTED')
    t.eq(run.requests, {})
  end)
  t.test('denied', function(lab)
    local run = lab:run('get', { url = 'https://denied.example/' }, { answers = { { url = '*' } } })
    t.eq(run.error.message, 'network access to denied.example:443 is denied by the lab')
  end)
  t.test('another is asked for', function(lab)
    lab:run('get', { url = url }, { answers = { { url = 'https://api.example/v2/*' } } })
  end)
  t.test('a stream', function(lab)
    local run = lab:run('stream', {}, { answers = { { url = '*', chunks = { 'a', 'bc' } } } })
    t.eq(run:json 'parts', { 'a', 'bc' })
  end)
RUN: tlab test -q
EXIT: 1
STDOUT:
  ok 1 - get: an answer, after one that fails
  ok 2 - get: nobody there
  ok 3 - get: offline
  ok 4 - get: not declared
  ok 5 - get: denied
  not ok 6 - get: another is asked for
    # tests/recipes/get_test.lua:35: the run asked for what the test has no answer to: POST https://api.example/v1/ask
    # {"q":1}
  ok 7 - get: a stream
  1..7

TEST: a recorded run answers
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: tests/recipes/ai_test.lua
  local t = require 'tlab.test'
  t.test('as it was', function(lab)
    local run = lab:run('ai', nil, { record = 'tests/recipes/ai/run' })
    t.artifacts(run, 'tests/recipes/ai/expected')
  end)
  t.test('other than it was', function(lab)
    lab:run('ai', { model = { base_url = 'http://127.0.0.1:1/v1' }, prompt = 'x' }, { record = 'tests/recipes/ai/run' })
  end)
RUN: mkdir -p tests/recipes/ai/expected && cp -r $ROOT/tests/recipes/ai/run tests/recipes/ai/ && cp tests/recipes/ai/run/answers.* tests/recipes/ai/expected && tlab test -q
EXIT: 1
STDOUT:
  ok 1 - ai: as it was
  not ok 2 - ai: other than it was
    # tests/recipes/ai_test.lua:7: the run asked for what the test has no answer to: POST http://127.0.0.1:1/v1/chat/completions
  ...

TEST: runs that a run calls are in the same world
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/child.lua
  return {
    name = 'child', summary = 'Asks.', home = 'out', needs = { net = { 'api.example' } },
    run = function(run, spec)
      run:write('answer', assert(tlab.http.send { url = spec.url }).body)
    end,
  }
FILE: recipes/parent.lua
  return {
    name = 'parent', summary = 'Calls.', home = 'out', needs = { call = { 'child', 'parent' } },
    run = function(run, spec)
      local other, err = run:call(spec.recipe or 'child', spec)
      run:write('answer', err and err.message or other:read 'answer')
    end,
  }
FILE: tests/recipes/parent_test.lua
  local t = require 'tlab.test'
  local answers = { { url = 'http://api.example/', body = 'yes' } }
  t.test('a child', function(lab)
    local run = lab:run('parent', { url = 'http://api.example/' }, { answers = answers })
    t.eq(run:read 'answer', 'yes')
    t.eq(run.requests[1].url, 'http://api.example/')
  end)
  t.test('a child that goes elsewhere', function(lab)
    local run = lab:run('parent', { url = 'http://127.0.0.1:1/' }, { answers = answers })
    t.has(run.error.message, "is not declared in the recipe's needs")
  end)
  t.test('too deep', function(lab)
    t.has(lab:run('parent', { recipe = 'parent' }).error.message, 'each other')
  end)
  t.test('no name', function(lab)
    local run = lab:run('parent', { recipe = '../child' })
    t.ok(run.status == 'failed')
  end)
RUN: tlab test -q
STDOUT:
  ok 1 - parent: a child
  ok 2 - parent: a child that goes elsewhere
  ok 3 - parent: too deep
  ok 4 - parent: no name
  1..4

TEST: a test stays in its lab, and asks as it should
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: spec.json
  { "text": "outside" }
FILE: echo
  no recipe, though it lies where the test is started
FILE: recipes/echo.lua
  return {
    name = 'echo', summary = 'Echoes.', home = 'out',
    run = function(run, spec) run:write('said', spec.text) end,
  }
FILE: tests/recipes/echo_test.lua
  local t = require 'tlab.test'
  t.test('files', function(lab)
    t.has(lab:run('echo', '/etc/hostname').error.message, '/etc/hostname: expected a path from the lab')
    t.has(lab:run('echo', '../spec.json').error.message, 'without ..')
    t.has(lab:run('echo', 'spec.json').error.message, 'is not there')
    t.has(lab:run('echo', '-').error.message, 'no standard input')
    lab:write('spec.json', '{"text":"inside"}')
    t.eq(lab:run('echo', { 'spec.json', 'more=1' }):read 'said', 'inside')
    t.err(function() lab:run('echo', nil, { record = '/tmp' }) end, 'expected a path from the lab')
    t.err(function() lab:write('../x', '') end, 'has a part')
    t.err(function() lab:run('echo', nil, { record = 'none' }) end, 'NOT_FOUND')
  end)
  t.test('a lab for each', function(lab)
    t.has(lab:run('echo', { 'spec.json' }).error.message, 'is not there')
  end)
  t.test('recipes', function(lab)
    t.has(lab:run('/etc/hostname').error.message, 'expected the name of a recipe')
    lab:write('recipes/echo.lua', (tlab.fs.read('lab:recipes/echo.lua'):gsub('spec.text', '"ours"')))
    t.eq(lab:run('recipes/echo.lua'):read 'said', 'ours')
  end)
  t.test('questions', function()
    t.err(function() tlab.test.ask('nothing', {}) end, 'ARGUMENT')
    t.err(function() tlab.test.ask('write', {}) end, 'ARGUMENT')
    t.err(function() tlab.test.ask('told', { ok = 1 }) end, 'ARGUMENT')
    t.err(function() tlab.test.ask('plan', { names = { 'another' } }) end, 'ARGUMENT')
  end)
RUN: tlab test -q
STDOUT:
  ok 1 - echo: files
  ok 2 - echo: a lab for each
  ok 3 - echo: recipes
  ok 4 - echo: questions
  1..4

TEST: only a test has a lab to be tested in
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/sly.lua
  return {
    name = 'sly', summary = 'Asks for a lab.', home = 'out',
    run = function() tlab.test.ask('write', { path = 'x', bytes = 'y' }) end,
  }
RUN: tlab sly
EXIT: 4
STDERR:
  error[NOT_PERMITTED]: test.ask: only `tlab test` makes labs for tests
  ...

TEST: a slip in what is given is an error where it was written; a spec has no place
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return {
    name = 'a',
    summary = 'Want a text.',
    home = 'out',
    spec = { type = 'object', required = { 'text' } },
    run = function() end,
  }
FILE: tests/recipes/a_test.lua
  local t = require 'tlab.test'
  for i, given in ipairs {
    { { 'text=a', 5 } },
    { {}, { allow = { read = '/etc' } } },
    { {}, { allow = { read = { 5 } } } },
    { {}, { allow = { reed = {} } } },
  } do
    t.test('slip ' .. i, function(lab)
      lab:run('a', given[1], given[2])
    end)
  end
  t.test('wrong', function(lab)
    lab:run('a', {}):read 'x'
  end)
  t.test('a circle', function()
    local x = {}
    x.x = x
    t.eq(x, x)
  end)
RUN: tlab test -q
EXIT: 1
STDOUT:
  not ok 1 - a: slip 1
    # tests/recipes/a_test.lua:9: the spec of lab:run[2] is a number, expected a text
  not ok 2 - a: slip 2
    # tests/recipes/a_test.lua:9: allow: read is a string, expected a table
  not ok 3 - a: slip 3
    # tests/recipes/a_test.lua:9: allow.read[1] is a number, expected a text
  not ok 4 - a: slip 4
    # tests/recipes/a_test.lua:9: allow has no reed: did you mean "read"?
  not ok 5 - a: wrong
    # tests/recipes/a_test.lua:13: INVALID: the run failed: the spec is not valid: 1 error: /: the key "text" is missing
  ok 6 - a: a circle
  1..6
