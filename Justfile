# What is typed every day, in short. Words behind a name go on as they are: just ai specs/ai.json samples=2
set positional-arguments

# TLAB is another binary than the one that make builds here.
tlab := env('TLAB', justfile_directory() / 'build/tlab')

# what there is
[private]
default:
    @{{ quote(just_executable()) }} --list --unsorted --justfile {{ quote(justfile()) }}

# is there a tlab?
[no-cd]
[no-exit-message]
[private]
there:
    @command -v {{ quote(tlab) }} >/dev/null || { echo {{ quote(tlab) }} 'is not there: make builds build/tlab, TLAB names another' >&2; exit 127; }

# open today (UTC), or another day: date=2026-10-03
[no-cd]
[no-exit-message]
day *words: there
    @{{ quote(tlab) }} day "$@"

# ask a language model: specs/ai.json
[no-cd]
[no-exit-message]
ai *words: there
    @{{ quote(tlab) }} ai "$@"

# mine a repository: repo=owner name=repo limit=10, or repo=PATH
[no-cd]
[no-exit-message]
mine *words: there
    @{{ quote(tlab) }} mine "$@"

# summarise a commit or a range: sha=HEAD~3 repo=path
[no-cd]
[no-exit-message]
summ *words: there
    @{{ quote(tlab) }} summ "$@"

# tables and figures of what a run left behind: from=latest
[no-cd]
[no-exit-message]
post *words: there
    @{{ quote(tlab) }} post "$@"

# compare models on a data set: specs/capitals.json
[no-cd]
[no-exit-message]
compare *words: there
    @{{ quote(tlab) }} compare "$@"

# take facts out of files: specs/facts.json
[no-cd]
[no-exit-message]
extract *words: there
    @{{ quote(tlab) }} extract "$@"

# a week of the lab: week=2026-W48
[no-cd]
[no-exit-message]
digest *words: there
    @{{ quote(tlab) }} digest "$@"

# begin a recipe of your own: recipe haiku
[no-cd]
[no-exit-message]
new *words: there
    @{{ quote(tlab) }} new "$@"

# try things out line by line, and keep all of it
[no-cd]
[no-exit-message]
repl *words: there
    @{{ quote(tlab) }} repl "$@"

# run any recipe: hello specs/hello.json
[no-cd]
[no-exit-message]
run *words: there
    @{{ quote(tlab) }} run "$@"

# which runs there are: --status=failed
[no-cd]
[no-exit-message]
runs *words: there
    @{{ quote(tlab) }} runs "$@"

# what a run did, took and made: latest
[no-cd]
[no-exit-message]
show *words: there
    @{{ quote(tlab) }} show "$@"

# what was done, day by day
[no-cd]
[no-exit-message]
log *words: there
    @{{ quote(tlab) }} log "$@"

# why two runs differ
[no-cd]
[no-exit-message]
diff *words: there
    @{{ quote(tlab) }} diff "$@"

# bring a run that was cut off to its end
[no-cd]
[no-exit-message]
resume *words: there
    @{{ quote(tlab) }} resume "$@"

# run it again from its record
[no-cd]
[no-exit-message]
replay *words: there
    @{{ quote(tlab) }} replay "$@"

# is it as it was made?
[no-cd]
[no-exit-message]
verify *words: there
    @{{ quote(tlab) }} verify "$@"

# what could go wrong here, and what to type against it
[no-cd]
[no-exit-message]
doctor *words: there
    @{{ quote(tlab) }} doctor "$@"

# make a lab of your own: just init ../my-lab
[no-cd]
[no-exit-message]
init *words: there
    @{{ quote(tlab) }} init "$@"

# build it
build *words:
    @make --no-print-directory "$@"

# the main job: a small real model asked, the run replayed and verified
demo:
    @make --no-print-directory demo

# the tests of every day
test:
    @make --no-print-directory test

# all tests
test-all:
    @make --no-print-directory test-all

# flake.nix, evaluated, built and checked by nix
nix-check:
    @make --no-print-directory nix-check

# what it costs, beside its peers: FIGURES=FILE.md ONLY=NAME
bench *words:
    @make --no-print-directory bench "$@"

# formatting and linters
lint:
    @make --no-print-directory lint

# check what is committed in this clone from now on: formatting, linters, spelling, secrets
hooks:
    @make --no-print-directory hooks
