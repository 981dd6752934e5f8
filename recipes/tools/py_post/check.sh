#!/usr/bin/env bash
# Reads py_post's code, without running it: formatting, linter, types. TAP.
#   check.sh VENV          the one that install.sh makes for checking
set -uo pipefail
with=$(cd "$1" && pwd)
cd "$(dirname "$0")" || exit
caches=$(mktemp -d)
trap 'rm -rf "$caches"' EXIT

check() {
  local name=$1 word=ok out
  shift
  number=$((number + 1))
  out=$("$@" 2>&1) || word='not ok'
  echo "$word $number - $name"
  [[ $word == ok ]] || printf '%s\n' "$out" | sed 's|^|# |'
}

number=0
echo 1..3
check black "$with/bin/black" --check --quiet --diff .
check ruff "$with/bin/ruff" check --no-cache .
check mypy "$with/bin/mypy" --cache-dir "$caches"
