#!/usr/bin/env bash
# The linters; TAP. run.sh [CHECK…], all of them when none is named:
#   clang-format stylua luacheck ops-list budgets codespell shellcheck clang-tidy warnings
# Versions are pinned: requirements.txt (Python wheels) and package-lock.json beside this file.
# BUILD names the build folder. `run.sh fix` formats C and Lua in place.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
BUILD=${BUILD:-build}
bin="$BUILD/venv-lint/bin"
npm="$BUILD/lint-npm"
jobs=$(nproc)

install() {
  local pins=tests/lint/requirements.txt
  if [[ ! $BUILD/venv-lint/installed -nt $pins ]]; then
    rm -rf "$BUILD/venv-lint"
    python3 -m venv "$BUILD/venv-lint" || return
    "$bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
      --only-binary :all: -r "$pins" || return
    touch "$BUILD/venv-lint/installed"
  fi
  if [[ ! $npm/installed -nt tests/lint/package-lock.json ]]; then
    mkdir -p "$npm"
    cp tests/lint/package.json tests/lint/package-lock.json "$npm/"
    npm ci --prefix "$npm" --ignore-scripts --no-audit --no-fund --loglevel=error || return
    touch "$npm/installed"
  fi
}

# ours PATTERN…: the project's files of these names, new ones too. Recorded runs are not source.
ours() {
  git ls-files -co --exclude-standard -- "$@" ':!tests/recipes/*/run/*' |
    while read -r name; do [[ ! -f $name ]] || echo "$name"; done
}
stylua() { ours '*.lua' .luacheckrc | xargs "$npm/node_modules/.bin/stylua" --config-path stylua.toml "$@"; }
clang_format() { ours '*.c' '*.h' | xargs "$bin/clang-format" "$@"; }

check_clang-format() { clang_format --dry-run --Werror; }
check_stylua() { stylua --check; }
check_luacheck() { ours '*.lua' | xargs luacheck --no-color -q; }
check_ops-list() { python3 tests/lint/ops_list.py "$BUILD/tlab"; }
check_budgets() { python3 tests/lint/budgets.py "$bin/python"; }
# words.txt are the misspellings that tests are about.
check_codespell() {
  ours . ':!tests/recorded' ':!tests/lint/words.txt' |
    xargs "$bin/codespell" -I tests/lint/words.txt
}
check_shellcheck() { ours . | xargs grep -lE '^#!.*\bbash$' | xargs "$bin/shellcheck"; }

# Both compilers at their strictest, in folders of their own.
check_warnings() {
  local code=0 compiler
  for compiler in gcc clang; do
    make --no-print-directory -s -k -j"$jobs" DEV=1 CC="$compiler" BUILD="$BUILD/lint-$compiler" \
      programs >/dev/null || code=1
  done
  return "$code"
}

check_clang-tidy() {
  # Lua's headers count as the system's, as they do for the compiler.
  local flags
  read -ra flags <<<"$(pkg-config --cflags lua5.4 libgit2 libcurl libcrypto | sed 's/-I/-isystem /g')"
  ours 'core/*.c' | xargs -P "$jobs" -I {} "$bin/clang-tidy" --quiet {} -- -std=c17 -D_GNU_SOURCE -I. \
    -DTL_VERSION='"0"' "${flags[@]}"
}

if [[ ${1:-} == fix ]]; then
  install && clang_format -i && stylua
  exit
fi

checks=("$@")
if ((${#checks[@]} == 0)); then
  checks=(clang-format stylua luacheck ops-list budgets codespell shellcheck clang-tidy warnings)
fi
echo "1..${#checks[@]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install >"$log" 2>&1 || { sed 's/^/# /' "$log" && exit 1; }
number=0 code=0
for check in "${checks[@]}"; do
  number=$((number + 1)) word=ok
  "check_$check" >"$log" 2>&1 || { word='not ok' code=1; }
  echo "$word $number - $check"
  [[ $word == ok ]] || sed 's/^/# /' "$log"
done
((code == 0))
