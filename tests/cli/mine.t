# A repository mined. The recipe that is tested is the shipped one.

TEST: a folder for each commit, tables, a page with charts
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: make.sh
  set -e
  git init -q -b main repo && cd repo
  git config user.name 'Ada Lovelace' && git config user.email ada@example.org
  keep() {
    export GIT_AUTHOR_DATE="$1" GIT_COMMITTER_DATE="$1"
    git add -A && git commit -q --allow-empty -m "$2" ${3:+-m "$3"}
  }
  printf 'one\ntwo\n' > a.txt && keep 2026-10-01T12:00:00+0200 'first: a file'
  printf 'one\n2\nthree\n' > a.txt && printf '\0\1' > b.bin && keep 2026-10-02T12:00:00Z 'second | two <b>files</b>'
  git checkout -q -b side && git mv a.txt c.txt && keep 2026-10-03T12:00:00Z 'third, with a body' 'It says why.'
  git checkout -q main && keep 2026-10-04T12:00:00Z 'nothing' && GIT_AUTHOR_DATE=2026-10-05T12:00:00Z GIT_COMMITTER_DATE=2026-10-05T12:00:00Z git merge -q --no-ff -m 'merge side' side
RUN: sh make.sh
RUN: tlab mine repo=repo -q
STDOUT: 20…/analyzer/inputs/…-mine-…
RUN: cd latest && find commits charts ./*.* -type f | sort
STDOUT:
  ./README.md
  ./commits.csv
  ./commits.jsonl
  ./run.json
  ./spec.json
  charts/authors.svg
  charts/commits.svg
  charts/files.svg
  commits/0001-merge-side-b85ed874/commit.json
  commits/0001-merge-side-b85ed874/diff.patch
  commits/0001-merge-side-b85ed874/files.csv
  commits/0002-nothing-8e84df6c/commit.json
  commits/0002-nothing-8e84df6c/diff.patch
  commits/0002-nothing-8e84df6c/files.csv
  commits/0003-third-with-a-body-b212fbad/commit.json
  commits/0003-third-with-a-body-b212fbad/diff.patch
  commits/0003-third-with-a-body-b212fbad/files.csv
  commits/0004-second-two-b-files-b-2cb921e2/commit.json
  commits/0004-second-two-b-files-b-2cb921e2/diff.patch
  commits/0004-second-two-b-files-b-2cb921e2/files.csv
  commits/0005-first-a-file-b2494601/commit.json
  commits/0005-first-a-file-b2494601/diff.patch
  commits/0005-first-a-file-b2494601/files.csv
RUN: sed -E 's/([0-9a-f]{8})[0-9a-f]{32}/\1/g' latest/commits.csv
STDOUT:
  sha,author_name,author_email,author_time,files,insertions,deletions,subject,committer_name,committer_email,commit_time,parents,binary,left_out,folder
  b85ed874,Ada Lovelace,ada@example.org,2026-10-05T12:00:00+00:00,0,0,0,merge side,Ada Lovelace,ada@example.org,2026-10-05T12:00:00Z,8e84df6c b212fbad,0,0,commits/0001-merge-side-b85ed874
  8e84df6c,Ada Lovelace,ada@example.org,2026-10-04T12:00:00+00:00,0,0,0,nothing,Ada Lovelace,ada@example.org,2026-10-04T12:00:00Z,2cb921e2,0,0,commits/0002-nothing-8e84df6c
  b212fbad,Ada Lovelace,ada@example.org,2026-10-03T12:00:00+00:00,1,0,0,"third, with a body",Ada Lovelace,ada@example.org,2026-10-03T12:00:00Z,2cb921e2,0,0,commits/0003-third-with-a-body-b212fbad
  2cb921e2,Ada Lovelace,ada@example.org,2026-10-02T12:00:00+00:00,2,2,1,second | two <b>files</b>,Ada Lovelace,ada@example.org,2026-10-02T12:00:00Z,b2494601,1,0,commits/0004-second-two-b-files-b-2cb921e2
  b2494601,Ada Lovelace,ada@example.org,2026-10-01T12:00:00+02:00,1,2,0,first: a file,Ada Lovelace,ada@example.org,2026-10-01T10:00:00Z,,0,0,commits/0005-first-a-file-b2494601
RUN: sed -E 's/([0-9a-f]{8})[0-9a-f]{32}/\1/g' latest/commits/0003*/commit.json; cat latest/commits/0004*/files.csv; cat latest/commits/*/commit.json | cmp - latest/commits.jsonl
STDOUT:
  {"author_email":"ada@example.org","author_name":"Ada Lovelace","author_time":"2026-10-03T12:00:00+00:00","body":"It says why.","commit_time":"2026-10-03T12:00:00Z","committer_email":"ada@example.org","committer_name":"Ada Lovelace","deletions":0,"files":[{"binary":false,"deletions":0,"insertions":0,"new_id":"f04eb265","new_mode":"100644","old_id":"f04eb265","old_mode":"100644","old_path":"a.txt","path":"c.txt","similarity":100,"status":"R"}],"insertions":0,"parents":["2cb921e2"],"schema":"tlab.commit/1","sha":"b212fbad","subject":"third, with a body","tree":"7db65aa5"}
  status,path,old_path,insertions,deletions,binary
  M,a.txt,,2,1,false
  A,b.bin,,,,true
RUN: sed -E 's/([0-9a-f]{8})[0-9a-f]{32}/\1/g' latest/README.md
STDOUT:
  # Commits of repo
  
  |  |  |
  |---|---|
  | Repository | repo |
  | From | main: `b85ed874` |
  | Filters | none |
  | Commits | 5 |
  | Of them merges | 1 |
  | Paths changed | 4 |
  | Lines | 4 added, 1 removed |
  
  ![Commits by day: 5 commits from 2026-10-01 to 2026-10-05, most in the day 2026-10-01 (1)](charts/commits.svg)
  
  ![Commits by author: 1 author, first Ada Lovelace with 5 commits](charts/authors.svg)
  
  ![Lines added and removed by file: 3 files, first a.txt with 4 lines added and 1 removed](charts/files.svg)
  
  ## All of them, the newest first
  
  | # | when | who | what | files | + | − |
  |---:|---|---|---|---:|---:|---:|
  | 1 | 2026-10-05 | Ada Lovelace | [merge side](commits/0001-merge-side-b85ed874/) | 0 | 0 | 0 |
  | 2 | 2026-10-04 | Ada Lovelace | [nothing](commits/0002-nothing-8e84df6c/) | 0 | 0 | 0 |
  | 3 | 2026-10-03 | Ada Lovelace | [third, with a body](commits/0003-third-with-a-body-b212fbad/) | 1 | 0 | 0 |
  | 4 | 2026-10-02 | Ada Lovelace | [second \| two \<b\>files\</b\>](commits/0004-second-two-b-files-b-2cb921e2/) | 2 | 2 | 1 |
  | 5 | 2026-10-01 | Ada Lovelace | [first: a file](commits/0005-first-a-file-b2494601/) | 1 | 2 | 0 |
  
  ## What is not here
  
  - What merges brought (1): their changes are those of the commits that they join. `first_parent=true` tells them.
  
  ## Files
  
  | | |
  |---|---|
  | `commits.csv` | a row for each commit |
  | `commits.jsonl` | the same with files, body and parents: JSON, a line for each commit |
  | `commits/NUMBER-SUBJECT-SHA/` | `commit.json`, `files.csv`, and `diff.patch` for `git apply` |
RUN: for c in latest/commits/*/commit.json; do tlab validate --schema "$ROOT/schemas/commit.schema.json" "$c" -q || echo "$c"; done
STDOUT:
RUN: tlab mine repo=repo limit=2 merges=exclude patches=false
STDERR:
  [2/2] commits
  the newest 2 commits; limit=0 takes all that fit
  ...
RUN: cut -c1-8 latest/commits.csv; grep '^- ' latest/README.md; ls latest
STDOUT:
  sha,auth
  8e84df6c
  b212fbad
  - Older commits that fit: `limit=2` took the newest; `limit=0` takes all.
  - A folder for each commit, and patches: `patches=true` makes them.
  README.md
  charts
  commits.csv
  commits.jsonl
  record
  run.json
  spec.json
RUN: for w in since=2026-10-03 until=2026-10-02 until=2026-10-02T11:59:59Z author=ADA grep=WHY path=b.bin 'path:=["b.bin","c.txt"]' merges=only range=main~1..side branch=side; do tlab mine repo=repo patches=false -q "$w" >made; tail -n +2 latest/commits.csv | cut -c1-2 | tr '\n' ' '; echo "$w"; done
STDOUT:
  b8 8e b2 since=2026-10-03
  2c b2 until=2026-10-02
  b2 until=2026-10-02T11:59:59Z
  b8 8e b2 2c b2 author=ADA
  b2 grep=WHY
  2c path=b.bin
  b8 b2 2c path:=["b.bin","c.txt"]
  b8 merges=only
  b2 range=main~1..side
  b2 2c b2 branch=side
RUN: tlab mine repo=repo first_parent=true merges=only -q >made; cat latest/commits/*/files.csv
STDOUT:
  status,path,old_path,insertions,deletions,binary
  R,c.txt,a.txt,0,0,false
RUN: tlab mine repo=repo limit=0 -q && rm -rf repo && tlab verify latest && tlab replay latest
STDOUT:
  20…
  same: … files and … effects of run … are as they were made
  same: … effects answered from the record of …, … files with the same bytes

TEST: each patch is what git apply takes
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: make.sh
  set -e
  git init -q -b main repo && cd repo
  git config user.name A && git config user.email a@b.c
  keep() { git add -A && git commit -q -m "$1"; }
  printf 'a\nb' > 'no end' && ln -s 'no end' link && printf '\0x' > bin && mkdir -p 'd "q"/ü' && echo 1 > 'd "q"/ü/f	t' && keep one
  printf 'a\nc' > 'no end' && ln -sf bin link && printf '\0y' > bin && chmod +x 'd "q"/ü/f	t' && keep two
  git mv 'd "q"/ü/f	t' moved && rm link && mkdir link && echo x > link/x && keep three
  git -c protocol.file.allow=always submodule --quiet add ./ sub && keep four
  git rm -q bin && : > empty && keep five
FILE: apply.sh
  set -e
  cd repo
  for folder in $(ls -d ../latest/commits/* | sort -r); do
    sha=$(sed 's/.*"sha":"\([0-9a-f]*\)".*/\1/' "$folder/commit.json")
    rm -f .git/i && git rev-parse -q --verify "$sha^" >/dev/null && GIT_INDEX_FILE=.git/i git read-tree "$sha^" || GIT_INDEX_FILE=.git/i git read-tree --empty
    GIT_INDEX_FILE=.git/i git apply --cached --whitespace=nowarn "$folder/diff.patch"
    test "$(GIT_INDEX_FILE=.git/i git write-tree)" = "$(git rev-parse "$sha^{tree}")" && echo same
    git show --numstat --format= -M -z "$sha" > numbers
    awk '{ i += $1; d += $2 } END { print i + 0, d + 0 }' RS='\0' numbers
    sed 's/.*"deletions":\([0-9]*\),"files.*"insertions":\([0-9]*\),"parents.*/\2 \1/' "$folder/commit.json"
  done
RUN: sh make.sh && tlab mine repo=repo -q >made && sh apply.sh
STDOUT:
  same
  4 0
  4 0
  same
  2 2
  2 2
  same
  1 1
  1 1
  same
  4 0
  4 0
  same
  0 0
  0 0

TEST: names from subjects, cells and pages are safe whatever a commit says
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: make.sh
  set -e
  git init -q -b main repo && cd repo
  git config user.email '=cmd@b.c' && git config user.name '=HYPERLINK("http://evil")'
  n=0
  keep() {
    n=$((n + 1)) && export GIT_AUTHOR_DATE="2026-10-0${n}T00:00:00Z" GIT_COMMITTER_DATE="2026-10-0${n}T00:00:00Z"
    tree=$(git write-tree) && git update-ref HEAD "$(printf "$1" | git commit-tree "$tree" $(git rev-parse -q --verify HEAD | sed 's/^/-p /'))"
  }
  raw() {
    printf "100644 $(git hash-object -w --stdin </dev/null)\\t$2\n" | git update-index --index-info
    git update-ref HEAD "$(printf "tree $(git write-tree)\nparent $(git rev-parse HEAD)\nauthor $1 <a@b.c> 1790899200 +0000\ncommitter C <c@b.c> 1790899200 +0000\n\n$1" | git hash-object -t commit -w --stdin)"
  }
  keep '../../../etc/passwd'
  keep 'CON'
  keep '\033]0;owned\007\033[31m red'
  keep '| a | [x](javascript:1) ![i](http://t/p.png) <img src=x> `c` &amp; $x$ @all'
  keep 'a\342\200\256b \302\233 \363\240\201\201'
  raw 'gr\374n is latin-1' 'd/\374<b>\033[1m.txt'
  keep "$(printf '%0300d' 0)"
  keep '..-rf /'
RUN: sh make.sh && tlab mine repo=repo >made 2>said; grep -c . said; LC_ALL=C grep -n "$(printf '[\033\007\233]')" said; ls latest/commits
STDOUT:
  3
  0001-rf-3f027d88
  0002-0000000000000000000000000000000000000000000000000000000000000000-a81d1269
  0003-gr-n-is-latin-1-a3c7dde1
  0004-a-b-3bb58199
  0005-a-x-javascript-1-i-http-t-p-png-img-src-x-c-amp-x-all-70fafd6a
  0006-0-owned-31m-red-144c88c5
  0007-x-con-b1512bb4
  0008-etc-passwd-f44f212f
RUN: cut -d, -f2-3,5,8 latest/commits.csv | LC_ALL=C cat -v; grep '^| [0-9]' latest/README.md | cat -v
STDOUT:
  author_name,author_email,files,subject
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,..-rf /
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
  grM-oM-?M-=n is latin-1,a@b.c,1,grM-oM-?M-=n is latin-1
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,aM-bM-^@M-.b M-BM-^[ M-sM- M-^AM-^A
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,| a | [x](javascript:1) ![i](http://t/p.png) <img src=x> `c` &amp; $x$ @all
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,^[]0;owned^G^[[31m red
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,CON
  "'=HYPERLINK(""http://evil"")",'=cmd@b.c,0,../../../etc/passwd
  | 1 | 2026-10-07 | \=HYPERLINK("http\://evil") | [..-rf /](commits/0001-rf-3f027d88/) | 0 | 0 | 0 |
  | 2 | 2026-10-06 | \=HYPERLINK("http\://evil") | [000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000M-bM-^@M-&](commits/0002-0000000000000000000000000000000000000000000000000000000000000000-a81d1269/) | 0 | 0 | 0 |
  | 3 | 2026-10-02 | grM-oM-?M-=n is latin-1 | [grM-oM-?M-=n is latin-1](commits/0003-gr-n-is-latin-1-a3c7dde1/) | 1 | 0 | 0 |
  | 4 | 2026-10-05 | \=HYPERLINK("http\://evil") | [a\\u\{202e\}b \\u\{9b\} \\u\{e0041\}](commits/0004-a-b-3bb58199/) | 0 | 0 | 0 |
  | 5 | 2026-10-04 | \=HYPERLINK("http\://evil") | [\| a \| \[x\](javascript:1) \!\[i\](http\://t/p.png) \<img src=x\> \`c\` \&amp; \$x\$ \@all](commits/0005-a-x-javascript-1-i-http-t-p-png-img-src-x-c-amp-x-all-70fafd6a/) | 0 | 0 | 0 |
  | 6 | 2026-10-03 | \=HYPERLINK("http\://evil") | [\\x1b\]0;owned\\x07\\x1b\[31m red](commits/0006-0-owned-31m-red-144c88c5/) | 0 | 0 | 0 |
  | 7 | 2026-10-02 | \=HYPERLINK("http\://evil") | [CON](commits/0007-x-con-b1512bb4/) | 0 | 0 | 0 |
  | 8 | 2026-10-01 | \=HYPERLINK("http\://evil") | [../../../etc/passwd](commits/0008-etc-passwd-f44f212f/) | 0 | 0 | 0 |
RUN: grep -o '"raw".*"schema' latest/commits.jsonl; cat -v latest/commits/0003*/files.csv; cat -v latest/charts/files.svg | grep txt; for f in latest/charts/*.svg; do python3 -c "import sys,xml.dom.minidom as m; m.parse(sys.argv[1])" "$f" || echo "$f"; done
STDOUT:
  "raw":{"/author_name":"6772fc6e206973206c6174696e2d31","/files/0/path":"642ffc3c623e1b5b316d2e747874","/subject":"6772fc6e206973206c6174696e2d31"},"schema
  status,path,old_path,insertions,deletions,binary
  A,d/M-oM-?M-=<b>^[[1m.txt,,0,0,false
  <desc id="desc">1 file, first d/M-oM-?M-=&lt;b&gt;\x1b[1m.txt with 0 lines added and 0 removed</desc>
  <text x="272" y="74" text-anchor="end">d/M-oM-?M-=&lt;b&gt;\x1b[1m.txt</text>
  <rect class="bar" x="280" y="63" width="0" height="14"><title>d/M-oM-?M-=&lt;b&gt;\x1b[1m.txt: 0 + 0</title></rect>
  <rect class="more" x="280" y="63" width="0" height="14"><title>d/M-oM-?M-=&lt;b&gt;\x1b[1m.txt: 0 + 0</title></rect>
RUN: tlab verify latest -q && tlab replay latest -q

TEST: what is wrong with the words is said with its place
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: for w in 'repo=. since=yesterday' 'repo=. merges=x' 'repo=. limit=-1' 'repo=. path=/x' 'repo=. depth=1' 'repo=. range=x' 'repo=. branch=a range=a..b' 'limit=1'; do tlab mine $w 2>said; echo "$? $(tail -n +2 said | head -1)"; done
STDOUT:
  3    = in since=yesterday: /since: "yesterday" does not match the pattern ^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$
  3    = in merges=x: /merges: expected one of "include", "exclude", "only", got "x"
  3    = in limit=-1: /limit: expected at least 0, got -1
  3    = in path=/x: /path: "/x" does not match the pattern ^[^/]
  3    = in depth=1: /depth: unknown key
  3    = in range=x: /range: "x" does not match the pattern ^.+\.\..+$
  3    = in branch=a: /branch: is not allowed here
  3    = /: the key "repo" is missing
RUN: for w in 'repo=. since=2026-02-30' 'repo=. until=2026-10-03T25:00:00Z' 'repo=git@github.com:a/b.git' 'repo=a/b name=c' 'repo=ssh://h/x' 'repo=../x' 'repo=nowhere' 'repo=. name=..'; do tlab mine $w 2>said; echo "$? $(head -1 said)"; done
STDOUT:
  3 error[INVALID]: /since: 2026-02-30 is no moment; expected 2026-10-03 or 2026-10-03T12:00:00Z
  3 error[INVALID]: /until: 2026-10-03T25:00:00Z is no moment; expected 2026-10-03 or 2026-10-03T12:00:00Z
  3 error[INVALID]: /repo: ssh is not spoken; write https://HOST/OWNER/NAME.git
  3 error[INVALID]: /name: with a name, repo is its owner, both of letters, digits and . _ -
  3 error[INVALID]: needs.net: "ssh://h/x" (from $spec.repo): only http and https are spoken
  3 error[INVALID]: /repo: ../x goes up with '..'; write the absolute path
  1 error[NOT_FOUND]: cannot open lab:nowhere: No such file or directory
  3 error[INVALID]: /name: with a name, repo is its owner, both of letters, digits and . _ -
RUN: tlab mine repo=owner name=name 2>said; echo $?; grep -e error -e help said
STDOUT:
  4
  error[NOT_PERMITTED]: network access to github.com:443 is not allowed
  help: tlab run --allow-net=github.com:443 mine repo=owner name=name

TEST: repositories that have nothing to mine
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab mine repo=.
EXIT: 1
STDERR:
  error[NOT_FOUND]: not in a git repository
  ...
RUN: git init -q -b main repo && tlab mine repo=repo
EXIT: 1
STDERR:
  error[NOT_FOUND]: the repository has no commit yet
  ...
RUN: git init -q -b main --object-format=sha256 new && tlab mine repo=new
EXIT: 1
STDERR:
  error[UNSUPPORTED]: this git repository uses 'extensions.objectformat' (SHA-256), which libgit2 cannot read
  ...
RUN: cd repo && git config user.name A && git config user.email a@b.c && git commit -q --allow-empty -m one && git commit -q --allow-empty -m two && cd .. && tlab mine repo=repo author=nobody grep=x
STDERR:
  no commit fits: author=nobody grep=x
  ...
RUN: cat latest/commits.csv | cut -c1-20; wc -c < latest/commits.jsonl; grep -A2 'No commit' latest/README.md; ls latest
STDOUT:
  sha,author_name,auth
  0
  No commit fits.
  
  ## Files
  README.md
  commits.csv
  commits.jsonl
  record
  run.json
  spec.json
RUN: tlab mine repo=repo branch=mian
EXIT: 1
STDERR:
  error[NOT_FOUND]: no revision 'mian' in the git repository; near: 'main'
  ...
RUN: git clone -q --depth 1 "file://$PWD/repo" edge && tlab mine repo=edge 2>&1 >made | head -2; grep shallow latest/README.md
STDOUT:
  [1/1] commits
  the repository is a shallow clone: what lies before its edge is not there
  - What lies before the edge of this shallow clone. A commit at the edge looks as if it had made all of its files.
RUN: o=repo/.git/objects; f=$(git -C repo rev-parse HEAD | sed 's|^..|&/|'); chmod +w $o/$f && echo x > $o/$f && tlab mine repo=repo
EXIT: 8
STDERR:
  error[IO]: cannot read the commit that HEAD names …
  ...
