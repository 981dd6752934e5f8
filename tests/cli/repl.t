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
