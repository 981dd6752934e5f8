# tlab explain: what an error code means, what is usually behind it, what to type.

TEST: a code, as it stands in a message or typed in short
RUN: tlab explain NOT_PERMITTED
STDOUT:
  NOT_PERMITTED (exit code 4): the recipe did not …
    …
  
  The recipe reached for …
  ...
  
  Usually:
    - …
  ...
  
  What to type:
    tlab run --allow-net=HOST:PORT … # …
  ...
STDERR:
RUN: tlab explain NOT_PERMITTED > one; tlab explain not-permitted > two; tlab explain 'error[NOT_PERMITTED]:' > three; cmp one two && cmp one three
RUN: tlab explain 4 > four; cmp one four

TEST: every code that tlab explain lists has a page
RUN: tlab explain | sed '1d; /^$/,$d; s/ .*//' > codes; wc -l < codes
STDOUT: 23
RUN: for code in $(cat codes); do tlab explain $code | grep -q '^What to type:$' || echo "$code"; done
STDOUT:
RUN: tlab explain > one; tlab help codes > two; cmp one two

TEST: exit codes that several have, or none
RUN: tlab explain 7
STDOUT:
  exit code 7 is that of:
  
  CODE … EXIT  WHAT
  PROVIDER  7 …
  NETWORK … 7 …
RUN: tlab explain 143
STDOUT: exit code 143: ended by SIGTERM: see tlab explain INTERRUPTED
RUN: tlab explain 99
EXIT: 2
STDERR:
  error[USAGE]: there is no error code "99"
  help: tlab explain

TEST: a misspelt code
RUN: tlab explain not_fuond
EXIT: 2
STDOUT:
STDERR:
  error[USAGE]: there is no error code "not_fuond", did you mean NOT_FOUND?
  help: tlab explain NOT_FOUND
RUN: tlab explain not_fuond --json
EXIT: 2
STDOUT: {"error":{"code":"USAGE",…

TEST: as JSON, one and all
RUN: tlab explain 5 --json
STDOUT: {"causes":[…],"exit":5,"help":"…","means":"…","name":"DIFFERS","type":[["tlab …
RUN: tlab explain 7 --json
STDOUT: [{…"name":"PROVIDER"…},{…"name":"NETWORK"…}]
RUN: tlab explain --json
STDOUT: [{…"name":"RUN_FAILED"…},{…"name":"BUG"…}]
