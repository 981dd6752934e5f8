# A day of the lab. The recipe that is tested is the shipped one.

TEST: a day is opened once
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: mkdir recipes && cp "$ROOT/recipes/day.lua" recipes
RUN: tlab day date=2026-10-03
STDOUT: 2026/10/03
STDERR:
  day … succeeded in …, … effects
  see it: tlab show …
TREE: 2026/10/03/README.md 2026/10/03/knowledge/notes.md 2026/10/03/run.json 2026/10/03/spec.json 2026/10/03/record/effects.jsonl
RUN: find 2026 -type d ! -path '*/record*' | sort
STDOUT:
  2026
  2026/10
  2026/10/03
  2026/10/03/ai-team
  2026/10/03/ai-team/artifacts
  2026/10/03/ai-team/specs
  2026/10/03/analyzer
  2026/10/03/analyzer/inputs
  2026/10/03/analyzer/outputs
  2026/10/03/knowledge
  2026/10/03/knowledge/graph
RUN: sed -n 1,3p latest/README.md; cat latest/spec.json; grep -c '"place":"day"' latest/run.json
STDOUT:
  # Saturday, 2026-10-03
  
  From 00:00 to 24:00 UTC. There is no day before it.
  {"date":"2026-10-03"}
  1
RUN: find . -printf '%p %T@ %i\n' | sort > ../before-$$; tlab day date=2026-10-03; find . -printf '%p %T@ %i\n' | sort | diff ../before-$$ - && rm ../before-$$
STDOUT: 2026/10/03
STDERR: 2026-10-03 is open already, since 20… UTC
RUN: tlab day date=2026-10-03 --json | cmp - latest/run.json

TEST: what people write is theirs; what is missing comes back
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: 2026/10/03/README.md
  # Mine
RUN: mkdir recipes && cp "$ROOT/recipes/day.lua" recipes
RUN: tlab day date=2026-10-03
STDERR:
  README.md is there already, and is left as it is
  ...
RUN: cat latest/README.md; tlab verify latest && tlab replay latest
STDOUT:
  # Mine
  same: … files and … effects of run … are as they were made
  same: … effects answered from the record of …, 1 file with the same bytes
RUN: echo more >> latest/knowledge/notes.md; touch latest/own latest/analyzer/inputs/data; tlab verify latest && tlab replay latest
STDOUT:
  same: … files and … effects of run … are as they were made
  same: … effects answered from the record of …, 1 file with the same bytes
STDERR: note: edited since: knowledge/notes.md
RUN: rm -r latest/knowledge; tlab verify latest
EXIT: 5
STDOUT: knowledge/notes.md: missing (expected …)
RUN: tlab day date=2026-10-03
STDOUT: 2026/10/03
STDERR:
  brought back from the record: 2026/10/03/knowledge
  brought back from the record: 2026/10/03/knowledge/graph
  brought back from the record: 2026/10/03/knowledge/notes.md
  2026-10-03 is open already, since 20… UTC
RUN: tlab verify latest -q; cat latest/README.md
STDOUT: # Mine

TEST: what the record cannot vouch for is not brought back
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: mkdir recipes && cp "$ROOT/recipes/day.lua" recipes && tlab day date=2026-10-03 -q && rm latest/README.md && echo >> latest/record/recipe/recipe.lua
RUN: tlab day date=2026-10-03
EXIT: 5
STDERR:
  error[DIFFERS]: the day cannot be brought back from its record: record/recipe/recipe.lua changed
  help: tlab verify …/2026/10/03
TREE: !2026/10/03/README.md

TEST: a manifest that says another thing of a day's file than its record
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: mkdir recipes && cp "$ROOT/recipes/day.lua" recipes && tlab day date=2026-10-03 -q && echo x > latest/README.md
RUN: sha=$(sha256sum < latest/README.md | cut -c-64); sed -i -E 's|("path":"README.md","sha256":")[0-9a-f]{64}|\1'"$sha|" latest/run.json; tlab verify latest
EXIT: 5
STDOUT: run.json: sha256 of README.md changed (expected …, found …)

TEST: there are only days of the calendar
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: mkdir recipes && cp "$ROOT/recipes/day.lua" recipes
RUN: for d in 2026-02-30 2026-02-29 0000-01-01 1969-12-31 2026-13-01 2026-1-1 tomorrow 1e9 '' 2026/10/03 ../../etc; do tlab day "date=$d" 2>&1 >made | sed 1q; cat made; done
STDOUT:
  error[INVALID]: date=2026-02-30 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=2026-02-29 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=0000-01-01 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=1969-12-31 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=2026-13-01 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=2026-1-1 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=tomorrow is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=1e9 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date= is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=2026/10/03 is no day: expected YYYY-MM-DD from 1970-01-01 on
  error[INVALID]: date=../../etc is no day: expected YYYY-MM-DD from 1970-01-01 on
RUN: tlab day date:=20261003; echo $?; tlab day dat=2026-10-03 2>&1 | tail -1; ls
STDOUT:
  3
     = in dat=2026-10-03: /dat: unknown key, did you mean "date"?
  lab.json
  made
  recipes
RUN: tlab day date=2028-02-29 -q; head -1 latest/README.md
STDOUT:
  2028/02/29
  # Tuesday, 2028-02-29

TEST: planted links and other runs' folders are not gone into
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: mkdir recipes outside && cp "$ROOT/recipes/day.lua" recipes && mkdir 2026 2027 && ln -s "$PWD/outside" 2026/01 && ln -s "$PWD/outside" 2027/01
RUN: tlab day date=2026-01-01
EXIT: 1
STDERR:
  error[REFUSED]: cannot make 2026/01/01: the path leads through a symbolic link
  ...
RUN: mkdir -p 2025/01/01 && ln -s "$PWD/outside" 2025/01/01/knowledge; tlab day date=2025-01-01
EXIT: 1
RUN: ls outside

TEST: a recipe has a home or a place
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/both.lua
  return { name = 'both', summary = 'A.', home = 'a', place = 'day', run = function() end }
FILE: recipes/week.lua
  return { name = 'week', summary = 'A.', place = 'week', run = function() end }
RUN: tlab both
EXIT: 3
STDERR:
  error[INVALID]: recipes/both.lua: a recipe has a home below the day, or a place, not both
  ...
RUN: tlab week
EXIT: 3
STDERR:
  error[INVALID]: recipes/week.lua: the field place is "week", expected "day", the folder of the day itself
  ...
