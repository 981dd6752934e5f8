# tlab diff: the verdict, what differs, and exit codes as diff(1) has them.

TEST: the same recipe twice, and with another word
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/p.lua
  return {
    name = 'p', summary = 'Writes.', home = 'ai-team/artifacts',
    run = function(run, spec) run:write('out.txt', 'one\n' .. spec.word .. '\nthree\n') end,
  }
RUN: for w in two two TWO; do tlab p word=$w -q; done > runs; tlab diff $(sed -n 1p runs) $(sed -n 2p runs)
STDOUT:
  same experiment (key …), same answers
    a  p  …  succeeded  …
    b  p  …  succeeded  …
RUN: tlab diff $(sed -n 1p runs) $(sed -n 3p runs)
EXIT: 1
STDOUT:
  different spec; different answers: outputs
    a  p  …  succeeded  …
    b  p  …  succeeded  …
  
  spec
    /word  "two" → "TWO"
  
  outputs
  --- a/out.txt
  +++ b/out.txt
  @@ -1,3 +1,3 @@
   one
  -two
  +TWO
   three
RUN: tlab diff $(sed -n 1p runs) $(sed -n 3p runs) --stat
EXIT: 1
STDOUT:
  different spec; different answers: outputs
    a  p  …  succeeded  …
    b  p  …  succeeded  …
    spec     /word "two" → "TWO"
    recipe   same
    code     same
    pins     same
    permits  same
    tool     same
    model    same
    inputs   same
    status   same
    effects  same
    outputs  1 file, +1 -1
    metrics  same
    tokens   same
    cost     same
    time     … → … (never counts)
RUN: tlab diff $(sed -n 1p runs) $(sed -n 3p runs) -q
EXIT: 1
STDOUT:

TEST: what cannot be said is 2
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab diff nothere neither
EXIT: 2
STDERR:
  error[NOT_FOUND]: there is no run "nothere"
  ...
RUN: tlab diff one
EXIT: 2
RUN: tlab diff --nonsense a b
EXIT: 2
