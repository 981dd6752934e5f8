# tlab gc: what it lists is what it removes; a run goes only when it is named. More in tests/e2e/test_gc.py.

TEST: what killed processes left
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return { name = 'a', summary = 'A.', home = 'ai-team/artifacts', run = function(run) run:write('o.txt', 'x') end }
RUN: mkdir scratch; export TMPDIR=$PWD/scratch; tlab a -q > first; echo half a file > .tlab-tmp-0123456789abcdef; tlab gc --dry-run
STDOUT: .tlab-tmp-0123456789abcdef  12 B  a temporary file that no process works on
STDERR: would be removed: 1 thing, 12 B
TREE: .tlab-tmp-0123456789abcdef
RUN: TMPDIR=$PWD/scratch tlab gc
EXIT: 2
STDOUT:
STDERR:
  .tlab-tmp-0123456789abcdef  12 B  a temporary file that no process works on
  error[USAGE]: nothing is removed unasked
  help: tlab gc --yes
TREE: .tlab-tmp-0123456789abcdef
RUN: TMPDIR=$PWD/scratch tlab gc --yes --json
STDOUT: {"dry_run":false,"kept":[],"removed":[{"kind":"temporary","path":".tlab-tmp-0123456789abcdef","size":12,"why":"a temporary file that no process works on"}]}
TREE: !.tlab-tmp-0123456789abcdef
RUN: TMPDIR=$PWD/scratch tlab gc --yes
STDOUT:
STDERR: removed: 0 things, 0 B
RUN: tlab verify "$(cat first)" -q

TEST: runs by their names
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return { name = 'a', summary = 'A.', home = 'ai-team/artifacts', run = function(run) run:write('o.txt', 'x') end }
RUN: tlab a -q > first; tlab a -q > second; tlab tag "$(cat first)" old -q; tlab tag latest new -q
RUN: tlab gc "$(cat first)" latest latest --dry-run
STDOUT:
  20…/ai-team/artifacts/…  …  named
  20…/ai-team/artifacts/…  …  named
STDERR: would be removed: 2 things, …
RUN: tlab gc latest
EXIT: 2
STDERR:
  20…  …  named
  error[USAGE]: nothing is removed unasked
  help: tlab gc latest --yes
RUN: tlab gc latest --yes -q; test ! -e "$(cat second)" && test -e "$(cat first)/run.json"
TREE: !latest
RUN: tlab runs --tag=new --json; tlab runs --tag=old --json | grep -c artifacts
STDOUT:
  []
  1
RUN: tlab gc nothere --yes
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no run "nothere"
  ...
RUN: mkdir ../elsewhere.$$ && cp -r "$(cat first)/." ../elsewhere.$$ && tlab gc ../elsewhere.$$ --yes; echo $?; ls ../elsewhere.$$ | wc -l; rm -r ../elsewhere.$$
STDOUT:
  1
  5
STDERR:
  error[REFUSED]: …elsewhere… is not in the date tree of this lab
  ...
RUN: rm "$(cat first)/run.json"; tlab gc "$(cat first)" --yes -q; test ! -e "$(cat first)"
