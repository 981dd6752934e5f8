# A commit or a range, summarised. The recipe that is tested is the shipped one.

TEST: a commit, by the words that name it
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: src/a.c
  int parse(char *s)
  {
    if (err) return -1;
    return 0;
  }
RUN: git init -q -b main . && git config user.name 'Ada <script>' && git config user.email ada@example.org && git add . && git commit -qm 'the first'
RUN: printf 'int parse(char *s)\n{\n  return system(s); /* `x` */\n}\n' > src/a.c && git add . && git commit -qm '# Not a heading' -m '<img src=x> [a](http://b)' --date='2026-10-03T12:00:00+02:00'
RUN: tlab summ
STDOUT: 20…/analyzer/outputs/…-summ-…
STDERR:
  summ … succeeded in …, … effects
  see it: tlab show …
TREE: latest/analysis_summary.md latest/summary.json
RUN: sed -e "s/$(git rev-parse HEAD)/HEAD/" -e "s/$(git rev-parse HEAD^)/HEAD^/" -e "s/$(git rev-parse HEAD | cut -c-8)/HEAD/" latest/analysis_summary.md
STDOUT:
  # Commit HEAD
  
  ```text
  # Not a heading
  
  <img src=x> [a](http://b)
  ```
  
  |  |  |
  |---|---|
  | commit | `HEAD` |
  | author | `Ada script <ada@example.org>`, `2026-10-03T12:00:00+02:00` |
  | parents | `HEAD^` |
  
  ## In short
  
  - 1 file in 1 folder, +1 −2 lines.
  - Most of it is source, in `src`.
  - No test is touched, though source is.
  - 2 risky spots, first of all: shell and programs in `src/a.c`.
  
  ## Where
  
  | folder | files | lines |
  |---|---:|---:|
  | `src` | 1 | +1 −2 |
  
  | file |  | kind | lines |
  |---|---|---|---:|
  | `src/a.c` | modified | source | +1 −2 |
  
  ## What kind
  
  | kind | files | lines |
  |---|---:|---:|
  | source | 1 | +1 −2 |
  
  | language | files | lines |
  |---|---:|---:|
  | C | 1 | +1 −2 |
  
  ## Symbols
  ...
  ## Risky spots
  
  | weight | what | where | why |
  |---:|---|---|---|
  | 7 | shell and programs | `src/a.c` line 3: ``return system(s); /* `x` */`` | a name with a blank or a ; in it may run something else |
  | 6 | check removed | `src/a.c` line 3: `if (err) return -1;` | a failure that was seen may now pass |
  
  ## Read first
  
  1. `src/a.c` line 1: shell and programs, check removed; +1 −2 (score 140)
  
  ```diff
   {
  -  if (err) return -1;
  -  return 0;
  +  return system(s); /* `x` */
   }
  ```
  
  ## How this page was made
  
  Asked for `HEAD`. Read from the repository. What is risky is said by the rules in `lua/tlab/summ/rules.lua`.
RUN: tlab validate latest/summary.json
STDOUT: valid: latest/summary.json (schemas/summary.schema.json)
RUN: mv .git gone && tlab verify latest && tlab replay latest; mv gone .git
STDOUT:
  same: … files and … effects of run … are as they were made
  same: … effects answered from the record of …, 2 files with the same bytes
RUN: for r in main HEAD~1 "$(git rev-parse HEAD | cut -c-7)" HEAD~1..main nonsense; do tlab summ "sha=$r" -q >out 2>&1; echo "$? $(sed -n 1p latest/analysis_summary.md)"; done; grep -v '^20' out
STDOUT:
  0 # Commit …
  0 # Commit …, the first one
  0 # Commit …
  0 # Range …..…: 1 commit
  1…
  error[NOT_FOUND]: …
  ...

TEST: revisions that are none, repositories that are none
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab summ
EXIT: 1
STDERR:
  error[NOT_FOUND]: not in a git repository
  ...
RUN: git init -q -b main . && tlab summ
EXIT: 1
STDERR:
  error[NOT_FOUND]: …
  ...
RUN: git config user.name A && git config user.email a@b.c && git commit -q --allow-empty -m empty && tlab summ sha=mian
EXIT: 1
STDERR:
  error[NOT_FOUND]: …mian…main…
  ...
RUN: tlab summ -q && sed -n '/## In short/,/^## How/p' latest/analysis_summary.md
STDOUT:
  20…
  ## In short
  
  - Nothing is changed: no file differs.
  
  ## How this page was made
RUN: tlab summ sha=HEAD..HEAD -q && sed -n 1,3p latest/analysis_summary.md
STDOUT:
  20…
  # Range …..…: 0 commits
  
  No commit is in that range.
RUN: tlab summ sha= 2>&1 | sed 1q; tlab summ commits=0 2>&1 | sed 1q; tlab summ repo=../x 2>&1 | sed 1q; tlab summ repo=missing 2>&1 | sed 1q; tlab summ shaa=x 2>&1 | tail -1
STDOUT:
  error[INVALID]: …
  error[INVALID]: …
  error[INVALID]: …absolute path
  error[NOT_FOUND]: …
  …did you mean "sha"?
RUN: tlab summ repo=/nowhere/at/all
EXIT: 4
STDERR:
  error[NOT_PERMITTED]: reading /nowhere/at/all is not allowed
  ...
