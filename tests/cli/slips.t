# Words that are nearly right: what was meant is said, wherever it can be known.

TEST: a recipe, by its name and by its path
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/hello.lua
  return { name = 'hello', summary = 'H.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab run helo
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no recipe helo, did you mean hello?
     = looked for: helo, …/recipes/helo.lua, …
  help: tlab help hello
RUN: tlab validate dya
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no recipe dya, did you mean day?
  ...
RUN: tlab run recipes/hlelo.lua
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no recipe recipes/hlelo.lua, did you mean recipes/hello.lua?
  ...
  help: tlab help recipes/hello.lua
RUN: tlab run xyzzy
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no recipe xyzzy
  ...
  help: tlab help

TEST: latest, and times
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab show latst
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no run "latst", did you mean latest?
  ...
RUN: tlab show latest 2>&1 | grep -c 'did you mean'
EXIT: 1
RUN: tlab log yesturday
EXIT: 2
STDERR:
  error[USAGE]: "yesturday" names no days, did you mean yesterday?; expected…
  ...
RUN: tlab runs --since tody
EXIT: 2
STDERR:
  error[USAGE]: --since: "tody" is no time, did you mean today?; …
  ...

TEST: the value of an option that takes one of some
RUN: tlab --color=alwayz version
EXIT: 2
STDERR:
  error[USAGE]: --color: "alwayz" is not one of auto, always, never, did you mean always?
  help: --color=always
RUN: tlab --color=blue version
EXIT: 2
STDERR:
  error[USAGE]: --color: "blue" is not one of auto, always, never
  help: --color=never

TEST: recipes and tags that no run has
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/hello.lua
  return { name = 'hello', summary = 'H.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab hello -q && tlab tag latest baseline
RUN: tlab runs --recipe hllo
STDERR:
  no run fits, did you mean "hello"?
RUN: tlab runs --tag baselin
STDERR:
  no run fits, did you mean "baseline"?
RUN: tlab runs --tag baseline --status failed
STDERR:
  no run fits
RUN: tlab runs --recipe ai
STDERR:
  no run fits

TEST: commands, options and keys
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab relpay latest
EXIT: 2
STDERR:
  error[USAGE]: there is no command or recipe "relpay", did you mean replay?
  help: tlab help replay
RUN: tlab day --offlien
EXIT: 2
STDERR:
  error[USAGE]: tlab run has no option --offlien, did you mean --offline?
  help: tlab help run
RUN: tlab day daet=2026-10-03
EXIT: 3
STDERR:
  error[INVALID]: the spec is not valid: 1 error
     = in daet=2026-10-03: /daet: unknown key, did you mean "date"?
