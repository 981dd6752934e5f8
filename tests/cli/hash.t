# tlab hash: what sha256sum prints, byte for byte.

TEST: files, an odd name, standard input
FILE: a.txt
  hello
FILE: b c.txt
  world
RUN: tlab hash a.txt 'b c.txt' > mine; sha256sum a.txt 'b c.txt' > theirs; cmp mine theirs
RUN: tlab hash - < a.txt > mine; sha256sum - < a.txt > theirs; cmp mine theirs
RUN: n="$(printf 'x\ny\\z\rq')"; cp a.txt "$n"; tlab hash "$n" > mine; sha256sum "$n" > theirs; cmp mine theirs
RUN: tlab hash a.txt | sha256sum -c
STDOUT: a.txt: OK
RUN: : > empty; tlab hash empty
STDOUT: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty

TEST: as JSON
FILE: a.txt
  hello
RUN: tlab hash --json a.txt
STDOUT: [{"path":"a.txt","sha256":"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}]

TEST: a file that is not there does not keep the others back
FILE: a.txt
  hello
RUN: tlab hash none a.txt
EXIT: 1
STDOUT: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  a.txt
STDERR: tlab hash: …none…

TEST: no file
RUN: tlab hash
EXIT: 2
STDERR:
  error[USAGE]: too few words, expected: tlab hash FILE ...
  help: tlab hash spec.json answers.jsonl
