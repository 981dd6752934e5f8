#!/usr/bin/env bash
# The installed programs together: a lab, a run and its replay, a history mined, summarised by
# rust_extractor and counted by py_post. tlab, git and jq are on PATH; nothing else of this project is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
cd "$work"

# program NAME: the latest run started it, once and well, and it is the one that came with tlab.
program() {
  jq -e --arg name "$1" '.status == "succeeded" and (.programs[] | select(.name == $name) | .exits == [0])' \
    latest/run.json >/dev/null || { tlab show latest && return 1; }
}

tlab --version
tlab init -q lab
cd lab
tlab hello specs/hello.json
tlab verify latest
tlab replay latest

git init -q project
git -C project config user.name nobody
git -C project config user.email nobody@example.org
printf 'fn greet() {}\n' >project/greet.rs
git -C project add greet.rs
git -C project commit -qm 'Greet'
printf 'fn greet(name: &str) {}\nfn leave() {}\n' >project/greet.rs
git -C project commit -qam 'Leave as well'

tlab summ repo=project --allow-run=rust_extractor
program rust_extractor
grep -q leave latest/analysis_summary.md
tlab mine repo="file://$PWD/project" limit=2 --allow-read="$PWD/project"
tlab post from=latest --allow-run=py_post
program py_post
ls latest/*.csv
echo 'tlab, rust_extractor and py_post work together'
