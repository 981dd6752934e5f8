# What is typed every day, in short. Words behind a name go on as they are: just ai specs/ai.json samples=2
set positional-arguments

tlab := justfile_directory() / 'build/tlab'

# what there is
[private]
default:
    @{{ quote(just_executable()) }} --list --unsorted --justfile {{ quote(justfile()) }}

# open today (UTC), or another day: date=2026-10-03
[no-cd]
[no-exit-message]
day *words:
    @{{ quote(tlab) }} day "$@"

# ask a language model: specs/ai.json
[no-cd]
[no-exit-message]
ai *words:
    @{{ quote(tlab) }} ai "$@"

# mine a repository: repo=owner name=repo limit=10, or repo=PATH
[no-cd]
[no-exit-message]
mine *words:
    @{{ quote(tlab) }} mine "$@"

# summarise a commit or a range: sha=HEAD~3 repo=path
[no-cd]
[no-exit-message]
summ *words:
    @{{ quote(tlab) }} summ "$@"

# tables and figures of what a run left behind: from=latest
[no-cd]
[no-exit-message]
post *words:
    @{{ quote(tlab) }} post "$@"

# run any recipe: hello specs/hello.json
[no-cd]
[no-exit-message]
run *words:
    @{{ quote(tlab) }} run "$@"

# which runs there are: --status=failed
[no-cd]
[no-exit-message]
runs *words:
    @{{ quote(tlab) }} runs "$@"

# what a run did, took and made: latest
[no-cd]
[no-exit-message]
show *words:
    @{{ quote(tlab) }} show "$@"

# what was done, day by day
[no-cd]
[no-exit-message]
log *words:
    @{{ quote(tlab) }} log "$@"

# why two runs differ
[no-cd]
[no-exit-message]
diff *words:
    @{{ quote(tlab) }} diff "$@"

# bring a run that was cut off to its end
[no-cd]
[no-exit-message]
resume *words:
    @{{ quote(tlab) }} resume "$@"

# run it again from its record
[no-cd]
[no-exit-message]
replay *words:
    @{{ quote(tlab) }} replay "$@"

# is it as it was made?
[no-cd]
[no-exit-message]
verify *words:
    @{{ quote(tlab) }} verify "$@"

# what could go wrong here, and what to type against it
[no-cd]
[no-exit-message]
doctor *words:
    @{{ quote(tlab) }} doctor "$@"

# make a lab of your own: just init ../my-lab
[no-cd]
[no-exit-message]
init *words:
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
