# tlab repl: what is typed, what is answered, and the run that it is.

TEST: standard input that is no terminal is a script, kept as a run
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf '1+1\nlocal x = {1, a = "b\\27"}\nx\n=x[1], _, nil\n' | tlab repl
STDOUT:
  2
  { 1, a = 'b\x1b' }
  1
  { 1, a = 'b\x1b' }
  nil
STDERR:
RUN: tlab replay latest
STDOUT: same: …
RUN: tlab verify latest
STDOUT: same: …
RUN: tlab show latest --json | tlab hash -
STDOUT: …  -
RUN: cat latest/session.lua
STDOUT:
  -- What was typed in a session of tlab repl; what failed is a comment.
  1+1
  local x = {1, a = "b\27"}
  x
  =x[1], _, nil

TEST: entries of several lines; a `;` keeps an answer back
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf 'function f(a)\n  return a * 2\nend\n[[a\nb]]\nf(\n21)\nf(4);\n_\n' | tlab repl
STDOUT:
  'a\nb'
  42
  8

TEST: the first error ends a script, with its exit code; the run says so
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf 'x = 1\nx.y.z\n"not reached"\n' | tlab repl
EXIT: 1
STDOUT:
STDERR:
  error[RUN_FAILED]: attempt to index a number value (global 'x')
    --> entry 2:1
  1 | x.y.z
    | ^^^^^
  note: this run is kept as failed: tlab show …
RUN: tlab replay latest -q && tlab verify latest -q
RUN: tail -n 2 latest/session.lua
STDOUT:
  -- x.y.z
  -- error[RUN_FAILED]: attempt to index a number value (global 'x')
RUN: printf 'tlab.fs.read("/etc/hostname")\n' | tlab repl
EXIT: 4
STDERR: error[NOT_PERMITTED]: …
  ...
RUN: printf 'f(\n' | tlab repl
EXIT: 3
STDERR:
  error[INVALID]: the last entry is not complete
  ...
RUN: printf 'x = "abc\n' | tlab repl
EXIT: 3
STDERR:
  error[INVALID]: unfinished string near <eof>
  ...
RUN: printf 'x = 1 +* 2\n' | tlab repl
EXIT: 3
STDERR: error[INVALID]: unexpected symbol near '*'
  ...
RUN: printf '1 +* 2\n' | tlab repl
EXIT: 3
STDERR: error[INVALID]: unexpected symbol near '*'
  ...
RUN: printf 'x = = 2\n' | tlab repl
EXIT: 3
STDERR: error[INVALID]: unexpected symbol near '='
  ...
RUN: printf 'foo bar\n' | tlab repl
EXIT: 3
STDERR: error[INVALID]: syntax error near 'bar'
  ...
RUN: printf 'prnt(1)\n' | tlab repl
EXIT: 1
STDERR:
  error[RUN_FAILED]: attempt to call a nil value (global 'prnt')
    --> entry 1:1
  1 | prnt(1)
    | ^^^^^^^
  help: did you mean print?
  ...

TEST: without a lab there is the line to type
RUN: printf '1\n' | tlab repl
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no lab here: …
  help: tlab init

TEST: commands of the session, help and old runs
FILE: lab.json
  { "schema": "tlab.lab/1", "permits": { "allow": { "env": ["HOME"] }, "deny": { "net": ["a.example"] } } }
FILE: recipes/rows.lua
  return {
    name = 'rows', summary = 'Rows.', home = 'ai-team/artifacts',
    run = function(run, spec)
      run:write_jsonl('rows.jsonl', { { a = 1 }, { a = 2 } })
      run:write_csv('rows.csv', { { a = 'x' } })
      run:write_json('one.json', { 5 })
      run:write('text.txt', 'one\ntwo\n')
      run:metric('good', 0.5)
    end,
  }
RUN: tlab rows n=3 -q > folder; printf ':permits\n' | tlab repl
STDERR:
  net   nothing; denied by lab.json: a.example
  read  nothing
  run   nothing
  env   HOME
RUN: printf ':time 1+1\n' | tlab repl
STDOUT: 2
STDERR: … ms
RUN: tlab replay latest -q && tlab verify latest -q
RUN: printf '?tlab.hash.bytes\ncsv = require "tlab.csv"\n?csv\nf = csv.head\n?f\nx = 1\n?x\nhelp(tlab.fs.nope)\n' | tlab repl
EXIT: 1
STDOUT:
  tlab.hash.bytes(data: string)
  ...
  tlab.csv
    CSV …
  ...
  tlab.csv.head(columns)
  ...
  x
    a number of this session
STDERR: error[NOT_FOUND]: there is no help on tlab.fs.nope…
  ...
RUN: tlab replay latest -q
RUN: printf ':shw\n' | tlab repl
EXIT: 2
STDERR:
  error[USAGE]: there is no command :shw, did you mean :show?
  help: :show
RUN: head -c 8 < latest/run.json > /dev/null; printf ':show %s\n' "$(basename "$(cat folder)")" | tlab repl | head -n 1
STDOUT: rows … succeeded
RUN: printf 'r = run"%s"\nr.outputs["rows.jsonl"]:rows()\nr.outputs["rows.csv"]:rows()\nr.outputs["one.json"]:rows(), r.outputs["one.json"]:json()\nr.outputs["text.txt"]:rows()\nr.outputs["text.txt"]:text()\nr.metrics, r.status, r.spec, r.recipe\nr.manifest.metrics.good, #r.record:rows()\nfor name, file in pairs(r.outputs) do last = file end\nlast\n' "$(basename "$(cat folder)")" | tlab repl
STDOUT:
  { { a = 1 }, { a = 2 } }
  { { a = 'x' } }
  { 5 }
  { 5 }
  { 'one', 'two' }
  'one\ntwo\n'
  { good = 0.5 }
  'succeeded'
  { n = 3 }
  'rows'
  0.5
  5
  <text.txt, 8 bytes>
RUN: tlab replay latest -q && tlab verify latest -q
RUN: printf 'run"nope"\n' | tlab repl
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no run "nope" in this lab
  ...
  help: tlab runs
  ...

TEST: a command that fails ends a script, as any error does
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf '1\n:show nope\n2\n' | tlab repl
EXIT: 1
STDOUT: 1
STDERR:
  error[NOT_FOUND]: there is no run "nope"
  ...
RUN: printf ':runs nope\n2\n' | tlab repl
EXIT: 2
STDERR:
  error[USAGE]: "nope" is no condition, …
  ...
RUN: printf ':show\n:runs\n2\n' | tlab repl | tail -n 1
STDOUT: 2

TEST: no error of a session gets out of its comment in session.lua
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf 'error "a\\rx = 1\\r\\ny = 2"\n' | tlab repl
EXIT: 1
RUN: cat latest/session.lua
STDOUT:
  -- What was typed in a session of tlab repl; what failed is a comment.
  -- error "a\rx = 1\r\ny = 2"
  -- error[RUN_FAILED]: a
  -- x = 1
  -- y = 2

TEST: a session is saved as a recipe, which runs
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf 'local n = 20\nfunction twice(a)\n  return a * 2\nend\ntwice(n) + 2\nrun:write_json("n.json", _)\n:save recipes/n.lua\n:save recipes/n.lua\n' | tlab repl
EXIT: 1
STDERR:
  saved: tlab run recipes/n.lua
  error[EXISTS]: recipes/n.lua is there already
  help: :save recipes/n2.lua
RUN: tlab n -q > folder; cat latest/n.json
STDOUT: 42
RUN: tlab replay latest -q && tlab verify latest -q
RUN: printf ':save recipes/n.lua\n' | tlab repl
EXIT: 2
STDERR: error[USAGE]: nothing was typed yet that could be saved
  ...
RUN: printf '1\n:save /tmp/x.lua\n' | tlab repl
EXIT: 2
STDERR: error[USAGE]: /tmp/x.lua is no recipe of this lab: recipes/NAME.lua
  ...
RUN: printf '1\n:save recipes/Big.lua\n' | tlab repl
EXIT: 2
STDERR: error[USAGE]: "Big": a recipe is called by small letters, digits, _ and -
  ...

TEST: what cannot be shown ends the session with that error; --json
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: printf '1\n2\n' | tlab repl > /dev/full
EXIT: 8
STDERR:
  error[STORAGE]: the result cannot be written: …
  ...
RUN: printf '{1, "a"}\nx = 1\n' | tlab repl --json | cut -c 1-30
STDOUT:
  {"text":"{ 1, 'a' }"}
  {"confined":…
RUN: printf 'x.y\n' | tlab repl --json | grep -c '"status":"failed"'
STDOUT: 1
