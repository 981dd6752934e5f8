# tlab tag, tlab note: what people say of a run is kept beside it and is no part of it.

TEST: a run gets tags and loses them
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return {
    name = 'a', summary = 'A tag.', home = 'ai-team/artifacts',
    run = function(run) run:note('tag', { tag = 'mine' }) end,
  }
RUN: tlab a -q > folder; tlab tag latest
STDOUT: mine
RUN: tlab tag latest base line/2:x
STDOUT: mine base line/2:x
RUN: tlab tag latest base
STDOUT: mine base line/2:x
STDERR: note: … has the tag base
RUN: wc -l < latest/notes.jsonl
STDOUT: 2
RUN: tlab tag latest mine base never --remove --json
STDOUT: {"id":"…","removed":["mine","base"],"tags":["line/2:x"]}
STDERR: note: … has not the tag never
RUN: tlab tag latest base --json
STDOUT: {"added":["base"],"id":"…","tags":["line/2:x","base"]}
RUN: tlab show latest | grep tags
STDOUT:   tags     line/2:x base
RUN: tlab runs --tag=base -q | wc -l; tlab runs --tag=mine -q | wc -l; tlab note latest 'seen at once' -q; tlab runs --csv | grep -c 'seen at once'
STDOUT:
  2
  0
  1
RUN: tlab verify latest -q && tlab replay latest -q
RUN: tlab tag latest 'two words'
EXIT: 2
STDERR:
  error[USAGE]: "two words" is no tag: letters, digits and _ - . : / go, at most 64 of them
  help: tlab tag latest baseline
RUN: tlab tag latest "$(printf '%065d' 0)"
EXIT: 2
RUN: tlab tag nothere x
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no run "nothere"
  ...

TEST: notes
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return { name = 'a', summary = 'A.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab a -q > folder; tlab note latest
STDOUT:
RUN: tlab note latest 'the third answer is wrong'
STDOUT:
STDERR:
  noted of …
  see it: tlab show …
RUN: printf 'two\nlines\n' | tlab note latest - --json
STDOUT: {"at":"…Z","id":"…","text":"two\nlines"}
RUN: tlab note latest
STDOUT:
    20…-…-… …:…  the third answer is wrong
    20…-…-… …:…  two
                      lines
RUN: tlab note latest --json
STDOUT: {"id":"…","notes":[{"at":"…","kind":"note","text":"the third answer is wrong"},{"at":"…","kind":"note","text":"two\nlines"}]}
RUN: tlab show latest | grep -A1 notes
STDOUT:
  notes
    20…-…-… …:…  the third answer is wrong
RUN: tlab verify latest -q && tlab replay latest -q
RUN: printf torn >> latest/notes.jsonl; tlab verify latest
EXIT: 5
STDOUT: notes.jsonl: line 3 invalid (expected a tag or a note, as tlab writes them)
RUN: tlab tag latest whole; tail -1 latest/notes.jsonl | grep -c '"tag"'
STDOUT:
  whole
  1
RUN: tlab note latest ' '
EXIT: 2
STDERR:
  error[USAGE]: the note is empty
  ...
RUN: printf '\377' | tlab note latest -
EXIT: 2
STDERR:
  error[USAGE]: the note is not UTF-8
  ...
RUN: head -c 65537 /dev/zero | tr '\0' x | tlab note latest -
EXIT: 2
STDERR:
  error[USAGE]: a note has at most 65536 bytes; a longer text is a file of its own
  ...
RUN: head -c 65536 /dev/zero | tr '\0' x | tlab note latest - -q
RUN: rm latest/notes.jsonl; ln -s ../x latest/notes.jsonl; tlab note latest hello
EXIT: 1
STDERR:
  error[REFUSED]: …notes.jsonl…link…
  ...

TEST: a recipe does not write what people say
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return {
    name = 'a', summary = 'Writes.', home = 'ai-team/artifacts',
    run = function(run) run:write('notes.jsonl', '') end,
  }
RUN: tlab a
EXIT: 4
TREE: !**/notes.jsonl

TEST: a run or a lab of a later form is refused by its form
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/a.lua
  return { name = 'a', summary = 'A.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab a -q; sed -i 's,tlab.run/1,tlab.run/2,' latest/run.json
RUN: for c in show verify replay tag note; do tlab $c latest 2>&1 | sed 1q; done
STDOUT:
  error[UNSUPPORTED]: the file has the form tlab.run/2, and this tlab reads tlab.run/1 only
  error[UNSUPPORTED]: the file has the form tlab.run/2, and this tlab reads tlab.run/1 only
  error[UNSUPPORTED]: the file has the form tlab.run/2, and this tlab reads tlab.run/1 only
  error[UNSUPPORTED]: the file has the form tlab.run/2, and this tlab reads tlab.run/1 only
  error[UNSUPPORTED]: the file has the form tlab.run/2, and this tlab reads tlab.run/1 only
RUN: tlab run --reuse latest recipes/a.lua
EXIT: 1
STDERR:
  error[UNSUPPORTED]: the file has the form tlab.run/2, and this tlab reads tlab.run/1 only
  ...
RUN: tlab runs --rebuild
EXIT: 5
STDERR: warning: 20…: run.json has the form tlab.run/2, and this tlab reads tlab.run/1 only
RUN: sed -i 's,tlab.lab/1,tlab.lab/9,' lab.json; tlab a
EXIT: 1
STDERR:
  error[UNSUPPORTED]: the file has the form tlab.lab/9, and this tlab reads tlab.lab/1 only
    --> …/lab.json
  help: tlab version  # …

TEST: what a slip says
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab tag latest --remove
EXIT: 2
STDERR:
  error[USAGE]: --remove needs the tags that go, expected: tlab tag RUN WORD ... --remove
  help: tlab tag latest baseline --remove
RUN: cd / && tlab tag latest x
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no run "latest"
     = expected, outside a lab: a run's folder
