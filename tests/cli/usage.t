# The command line itself: help, version, wrong use, output that cannot be written.

TEST: version
RUN: tlab --version
STDOUT: tlab 0.1.0
STDERR:
RUN: tlab version
STDOUT: tlab 0.1.0
RUN: tlab --json version
STDOUT: {"library":"…","machine":{…},"tlab":"0.1.0"}
RUN: tlab --version --json
STDOUT: {"library":"…","machine":{…},"tlab":"0.1.0"}

TEST: tlab alone, -h and help show examples first
RUN: tlab
STDOUT:
  tlab: the lab notebook that can re-run itself
  
    tlab run recipes/ai.lua spec.json …
  ...
  Commands:
  ...
  Every file in recipes/ is a command too. tlab help COMMAND says more,
  tlab explain what errors and exit codes mean.
RUN: tlab > one; tlab -h > two; tlab --help > three; tlab help > four; cmp one two && cmp one three && cmp one four
RUN: tlab help run > one; tlab run -h > two; tlab -h run > three; tlab run x --seed=1 --help > four; cmp one two && cmp one three && cmp one four
RUN: tlab help verify
STDOUT:
  tlab verify: …
  
    tlab verify latest …
  
  Usage: tlab verify RUN
  ...

TEST: help on errors and exit codes
RUN: tlab help codes
STDOUT:
  CODE           EXIT  WHAT
  RUN_FAILED     1     the recipe ended with an error of its own
  USAGE          2     the command line is not understood
  ...
  BUG            70    a fault in tlab itself: please report it
  
  tlab explain CODE says more, also of a number.
RUN: tlab help codes --json | grep -c '"exit":5,"help":"verify or replay found a difference","means":"[^"]*","name":"DIFFERS",'
STDOUT: 1

TEST: help as JSON is the table of commands
RUN: tlab help --json
STDOUT: {"commands":[{"examples":[…],"name":"run",…
RUN: tlab help show --json
STDOUT: {"examples":[…],"name":"show",…

TEST: a command that does not exist
RUN: tlab shwo
EXIT: 2
STDOUT:
STDERR:
  error[USAGE]: there is no command or recipe "shwo", did you mean show?
  help: tlab help show
RUN: tlab help shwo
EXIT: 2
RUN: tlab qqqqqqq
EXIT: 2
STDERR:
  error[USAGE]: there is no command or recipe "qqqqqqq"
     = recipes are looked for in a lab, and there is no lab here: no lab.json in … or above it
  help: tlab help
RUN: tlab shwo --json
EXIT: 2
STDOUT: {"error":{"code":"USAGE","hint":"tlab help show","message":"there is no command or recipe \"shwo\", did you mean show?"}}
STDERR:

TEST: options that do not exist, miss their value or have a wrong one
RUN: tlab run --allow-nte=x a.lua
EXIT: 2
STDERR:
  error[USAGE]: tlab run has no option --allow-nte, did you mean --allow-net?
  help: tlab help run
RUN: tlab --sede=1
EXIT: 2
STDERR:
  error[USAGE]: tlab has no option --sede, did you mean --seed?
  help: tlab help
RUN: tlab show latest --seed=1
EXIT: 2
RUN: tlab run a.lua --seed
EXIT: 2
STDERR:
  error[USAGE]: --seed needs a value: --seed=N
  help: --seed=7
RUN: tlab run a.lua --limit-memory=lots
EXIT: 2
STDERR:
  error[USAGE]: --limit-memory: "lots" is not a number of bytes such as 512M or 1G
  help: --limit-memory=512M

TEST: too few and too many words
RUN: tlab show
EXIT: 2
RUN: tlab show a b
EXIT: 2
RUN: tlab ops x
EXIT: 2
RUN: tlab run
EXIT: 2
STDERR:
  error[USAGE]: too few words, expected: tlab run [OPTIONS] RECIPE [SPEC] [key=value ...]
  help: tlab run recipes/ai.lua spec.json

TEST: a result that cannot be written is not a success
RUN: tlab --version > /dev/full
EXIT: 8
RUN: tlab help > /dev/full
EXIT: 8
STDERR: error[STORAGE]: the result cannot be written: cannot write to standard output: No space left on device
RUN: tlab ops --json >&-
EXIT: 8
RUN: tlab shwo --json > /dev/full
EXIT: 8
RUN: tlab shwo 2> /dev/full
EXIT: 2
RUN: tlab shwo 2>&-
EXIT: 2

TEST: the operations
RUN: tlab ops
STDOUT:
  OPERATION … PERMIT … WHAT
  fs.read(path:r, max:i?) … Read a whole file; …
  ...
RUN: tlab ops --json | grep -c '"name":"http.send"'
STDOUT: 1

TEST: no colour off a terminal, none with NO_COLOR, some when it is asked for
RUN: tlab shwo 2>&1 | grep -c "$(printf '\033')"
EXIT: 1
RUN: tlab shwo --color=always 2>&1 | grep -c "$(printf '\033')"
STDOUT: 2
RUN: tlab shwo --color=never 2>&1 | grep -c "$(printf '\033')"
EXIT: 1

TEST: output that nobody reads any more is no reason for a traceback
RUN: { tlab ops; echo "exit $?" >&2; } | head -n 1
STDOUT: OPERATION…

TEST: help on a recipe: its spec and what it needs, by name and by path
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/hello.lua
  return {
    name = 'hello', summary = 'Say hello.', home = 'ai-team/artifacts',
    needs = { net = { '127.0.0.1:8080' } },
    spec = {
      type = 'object', required = { 'who' },
      properties = {
        who = { type = 'string', description = 'To whom.' },
        times = { type = 'integer', default = 1 },
      },
    },
    run = function() error('is not run') end,
  }
RUN: tlab hello -h
STDOUT:
  hello: Say hello.
  
    tlab hello spec.json
  
  Usage: tlab hello [SPEC] [key=value ...]
  
  Spec:
    who    string   To whom. (required)
    times  integer  (default 1)
  
  Needs:
    net  127.0.0.1:8080
  
  Options: those of tlab run, see tlab help run
RUN: tlab help day | sed -n 3p
STDOUT:
    tlab day
RUN: tlab help ai | grep -F '$schema'
EXIT: 1
RUN: tlab help summ | grep -oE '^  (model|price) .* (A model|What)'; tlab help mine | grep -oE '^  since +string '
STDOUT:
    model        object or string  A model
    price        object            What
    since         string…
RUN: tlab hello -h > one; tlab help hello > two; cmp one two
RUN: tlab run recipes/hello.lua --help
STDOUT:
  hello: Say hello.
  
    tlab run recipes/hello.lua spec.json
  ...
RUN: tlab help hello --json
STDOUT: {"declaration":{…},"name":"hello","recipe":"recipes/hello.lua"}
RUN: tlab helo
EXIT: 2
STDERR:
  error[USAGE]: there is no command or recipe "helo", did you mean hello?
  help: tlab help hello
RUN: tlab run -h --seed > one; tlab help > two; cmp one two

TEST: colour on a terminal, unless it is not wanted
RUN: script -qec 'tlab shwo' /dev/null | grep -c "$(printf '\033')"
STDOUT: 2
RUN: NO_COLOR=1 script -qec 'tlab shwo' /dev/null | grep -c "$(printf '\033')"
EXIT: 1
RUN: TERM=dumb script -qec 'tlab shwo' /dev/null | grep -c "$(printf '\033')"
EXIT: 1
RUN: script -qec 'tlab shwo --color never' /dev/null | grep -c "$(printf '\033')"
EXIT: 1

TEST: a folder in the place of a file is a slip, and no fault of tlab
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: folder/x
  x
RUN: tlab day folder
EXIT: 3
STDERR:
  error[INVALID]: the spec folder is no file
    --> folder
  help: values are given as key=value, a file by its path
RUN: tlab hash folder folder/x
EXIT: 1
STDOUT: 73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac  folder/x
STDERR: tlab hash: cannot read folder: it is a folder
RUN: tlab validate ./folder
EXIT: 1
STDERR: error[ARGUMENT]: cannot read ./folder: it is a folder
RUN: mkdir -p 2026/10/03/x/run.json && tlab show 2026/10/03/x
EXIT: 1
STDERR: error[…run.json…

TEST: an empty lab.json
FILE: empty/lab.json
RUN: cd empty && tlab runs
EXIT: 3
STDERR:
  error[INVALID]: the lab file …/lab.json is empty; the least is {"schema":"tlab.lab/1"}
  ...

TEST: help as a manual page
RUN: tlab help man | head -n 3
STDOUT:
  .TH TLAB 1 … "tlab 0.1.0" "User Commands"
  .SH NAME
  tlab \- the lab notebook that can re\-run itself
RUN: tlab help man --json
STDOUT: {"page":"…"}
