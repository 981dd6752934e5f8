#!/usr/bin/env bash
# The linters.
#   run.sh                     all of them; TAP. The hooks of .pre-commit-config.yaml are run by pre-commit,
#                              on all files, as they are at a commit
#   run.sh CHECK…              these alone, on all files; TAP
#   run.sh hook CHECK [FILE…]  one, on these files: what .pre-commit-config.yaml calls. No network
#   run.sh list CHECK          the files that it reads
#   run.sh fix                 lays out C, Lua, Python and Rust in place
#   run.sh baseline            writes .secrets.baseline anew: what looks like a secret today, and is none
#   run.sh install             nothing but what they need
# Versions are pinned: requirements.txt (Python wheels) and package-lock.json beside this file, and below.
# BUILD names the build folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
bin="$BUILD/venv-lint/bin"
npm="$BUILD/lint-npm"
jobs=$(nproc)
# Not hooks: they need the binary, or minutes.
others=(ops-list editor warnings)
pins=tests/lint/requirements.txt
actionlint_version=1.7.7
lua_types="$BUILD/lua_types/release/lua_types"
export PRE_COMMIT_HOME="$BUILD/pre-commit" BLACK_CACHE_DIR="$BUILD/black" CARGO_TERM_COLOR=never

# --- what it needs ------------------------------------------------------------------------------
# By content: a checkout of another branch makes the lists newer, not other.
has() { cmp -s "$1" "$2/installed"; }
installed() {
  has "$pins" "$BUILD/venv-lint" && has tests/lint/package-lock.json "$npm" &&
    [[ -x $BUILD/actionlint-$actionlint_version && -x $lua_types ]]
}

install() {
  if ! has "$pins" "$BUILD/venv-lint"; then
    rm -rf "$BUILD/venv-lint"
    python3 -m venv "$BUILD/venv-lint"
    "$bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
      --only-binary :all: -r "$pins"
    cp "$pins" "$BUILD/venv-lint/installed"
  fi
  if ! has tests/lint/package-lock.json "$npm"; then
    mkdir -p "$npm"
    cp tests/lint/package.json tests/lint/package-lock.json "$npm/"
    npm ci --prefix "$npm" --ignore-scripts --no-audit --no-fund --loglevel=error
    cp tests/lint/package-lock.json "$npm/installed"
  fi
  if [[ ! -x $BUILD/actionlint-$actionlint_version ]]; then
    # Go's checksum database vouches for the version.
    GOBIN=$(realpath -m "$BUILD/go-bin") go install \
      "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint_version"
    mv "$BUILD/go-bin/actionlint" "$BUILD/actionlint-$actionlint_version"
  fi
  cargo fetch --quiet --locked --manifest-path recipes/tools/rust_extractor/Cargo.toml
  cargo build --quiet --locked --release --manifest-path tests/lint/lua_types/Cargo.toml \
    --target-dir "$BUILD/lua_types"
}

# --- what they read -----------------------------------------------------------------------------
# The files of a hook; none means all.
only=()
# every PATTERN…: the files of these names that git has or would take.
every() {
  git ls-files -co --exclude-standard --deduplicate -- "$@" |
    while read -r name; do [[ ! -f $name ]] || echo "$name"; done
}
# all PATTERN…: without recorded runs, which are not source.
all() { every "$@" ':!tests/recipes/*/run/*'; }
# The hook's files, of those on stdin.
of_hook() {
  if ((${#only[@]} == 0)); then
    cat
  else
    grep -Fxf <(printf '%s\n' "${only[@]}") || true
  fi
}
ours() { all "$@" | of_hook; }
each() { xargs -r -d '\n' "$@"; }

files_of() {
  case $1 in
    clang-format) ours '*.c' '*.h' ;;
    clang-tidy) ours 'core/*.c' ;;
    stylua | luacheck) ours '*.lua' .luacheckrc ;;
    lua-types) ours '*.lua' .luarc.json ;;
    budgets) ours '*.c' '*.h' '*.lua' ':!types' ;;
    black | ruff | mypy) ours '*.py' ;;
    rustfmt | clippy) ours '*.rs' '*Cargo.toml' '*Cargo.lock' ;;
    # Scripts by their first line, and what direnv reads.
    shellcheck) ours . | each awk 'FNR == 1 && (/^#!.*sh$/ || /^# shellcheck shell/) { print FILENAME } { nextfile }' ;;
    schemas) ours '*.json' ;;
    workflows) ours .github/workflows ;;
    # words.txt are the misspellings that tests are about.
    codespell) ours . ':!tests/recorded' ':!tests/lint/words.txt' ;;
    secrets) every . ':!.secrets.baseline' | of_hook ;;
    large-files) every . | of_hook ;;
    *) ours . ;;
  esac
}

# --- the checks ---------------------------------------------------------------------------------
check_clang-format() { each "$bin/clang-format" --dry-run --Werror; }
check_stylua() { each "$npm/node_modules/.bin/stylua" --config-path stylua.toml --check; }
check_luacheck() { each luacheck --no-color -q; }
# A mistake may show in another file than the one that was touched.
check_lua-types() { cat >/dev/null && "$lua_types" . recipes lua/tlab; }
check_budgets() { each "$bin/python" tests/lint/budgets.py; }
check_black() { black --check --diff; }
check_ruff() { each "$bin/ruff" check --quiet --cache-dir "$BUILD/ruff"; }
check_codespell() { each "$bin/codespell" -I tests/lint/words.txt; }
check_schemas() { each "$bin/python" tests/lint/schemas.py; }
check_editorconfig() { each "$bin/python" tests/lint/layout.py; }

# py_post has a width of its own.
post=recipes/tools/py_post
black() {
  local files
  files=$(cat)
  { grep -v "^$post/" <<<"$files" || true; } | each "$bin/black" --quiet --config pyproject.toml "$@"
  { grep "^$post/" <<<"$files" || true; } | each "$bin/black" --quiet --config "$post/pyproject.toml" "$@"
}

# Mistakes show where a thing is used: all is read, as soon as one file of it is touched.
check_mypy() {
  local touched build
  touched=$(cat)
  build=$(realpath "$BUILD")
  if grep -q "^$post/" <<<"$touched"; then
    (cd "$post" && "$build/venv-lint/bin/mypy" --cache-dir "$build/mypy-py_post" \
      --python-executable "$build/tools/py_post.check/bin/python")
  fi
  if grep -vq "^$post/" <<<"$touched"; then
    all '*.py' ":!$post" |
      each "$bin/mypy" --cache-dir "$BUILD/mypy" --python-executable "$BUILD/venv/bin/python"
  fi
}

crates() { all '*/Cargo.toml'; }
check_rustfmt() { crates | each -n 1 cargo fmt --check --manifest-path; }
# lua_types has a language server's analyzer below it, which takes a minute more to be read.
check_clippy() {
  crates | { grep -v /lua_types/ || true; } | each -I {} cargo clippy --quiet --locked --offline --manifest-path {} --target-dir "$BUILD/cargo" \
    --release --all-targets -- -D warnings
}

# Besides what shellcheck finds: a script ends at the first failure. What is sourced is as strict as who does it.
check_shellcheck() {
  local scripts
  scripts=$(cat)
  each "$bin/shellcheck" -x <<<"$scripts"
  each awk '
    FNR == 1 { begun = !/^#!/ && FILENAME !~ /envrc$/ }
    begun || /^(#.*)?$/ { next }
    { begun = 1 }
    !/^(set -euo pipefail|strict_env)$/ { print FILENAME ":" FNR ": begins without set -euo pipefail"; bad = 1 }
    END { exit bad }' <<<"$scripts"
}

# By name, and by looks: nobody is asked whether a key is in use, which would take a network. What is found
# counts, not the line where it stood when the baseline was written: detect-secrets would write that anew.
check_secrets() {
  local baseline code=0
  local -a names
  mapfile -t names
  if printf '%s\n' "${names[@]}" |
    grep -E '(^|/)(secrets/.*|\.env(\..*)?|[^/]*\.(pem|key|p12|pfx|kdbx)|id_(rsa|dsa|ecdsa|ed25519))$' |
    grep -vE '(^|/)secrets/(README\.md|example\.env\.lab)$' | sed 's/$/: a file of secrets, by its name/' | grep .; then
    return 1
  fi
  baseline=$(mktemp)
  cp .secrets.baseline "$baseline"
  "$bin/detect-secrets-hook" --no-verify --baseline "$baseline" "${names[@]}" || code=$?
  rm "$baseline"
  ((code == 0 || code == 3))
}

baseline() {
  every . ':!.secrets.baseline' |
    each "$bin/detect-secrets" scan --no-verify -p tests/lint/keys.py |
    sed "s|file://$PWD/|file://|" >"$BUILD/secrets.baseline"
  mv "$BUILD/secrets.baseline" .secrets.baseline
}

check_large-files() {
  each stat -c '%s %n' | awk '
    $1 > 524288 { bytes = $1; sub(/^[0-9]+ /, ""); print $0 ": " bytes " bytes, at most 524288"; bad = 1 }
    END { exit bad }'
}

check_workflows() {
  local files
  files=$(cat)
  each "$BUILD/actionlint-$actionlint_version" -shellcheck "$bin/shellcheck" -pyflakes '' <<<"$files"
  # Pins, permissions, what comes in from outside.
  each "$bin/zizmor" --offline --quiet --no-progress --color never --persona auditor <<<"$files"
}

check_clang-tidy() {
  # Lua's headers count as the system's, as they do for the compiler.
  local flags
  read -ra flags <<<"$(pkg-config --cflags lua5.4 libgit2 libcurl libcrypto | sed 's/-I/-isystem /g')"
  each -P "$jobs" -I {} "$bin/clang-tidy" --quiet {} -- -std=c17 -D_GNU_SOURCE -I. \
    -DTL_VERSION='"0"' "${flags[@]}"
}

# A new lab as an editor sees it, with mistakes planted into it.
check_editor() { "$bin/python" tests/lint/editor.py "$BUILD/tlab" "$lua_types"; }

check_ops-list() { python3 tests/lint/ops_list.py "$BUILD/tlab"; }
# Both compilers at their strictest, in folders of their own.
check_warnings() {
  local code=0 compiler
  for compiler in gcc clang; do
    make --no-print-directory -s -k -j"$jobs" DEV=1 CC="$compiler" BUILD="$BUILD/lint-$compiler" \
      programs >/dev/null || code=1
  done
  return "$code"
}

# --- what was asked -----------------------------------------------------------------------------
hook() {
  local check=$1 found
  shift
  only=("$@")
  declare -F "check_$check" >/dev/null || { echo "tests/lint/run.sh: no check is called '$check'" >&2 && exit 2; }
  installed || { echo "the linters are not installed, or old ones are; type: make hooks" >&2 && exit 1; }
  found=$(files_of "$check")
  [[ -z $found ]] || "check_$check" <<<"$found"
}

fix() {
  files_of clang-format | each "$bin/clang-format" -i
  files_of stylua | each "$npm/node_modules/.bin/stylua" --config-path stylua.toml
  files_of black | black
  crates | each -n 1 cargo fmt --manifest-path
}

# tap [CHECK…]
tap() {
  local check command log number=0 word code=0
  local -a hooks=() files=() checks=("$@")
  mapfile -t hooks < <(sed -nE 's/^ *- id: //p' .pre-commit-config.yaml)
  mapfile -t files < <(all .)
  (($# > 0)) || checks=("${hooks[@]}" "${others[@]}")
  echo "1..${#checks[@]}"
  log=$(mktemp)
  # shellcheck disable=SC2064 # the name is the one of now
  trap "rm -f '$log'" EXIT
  for check in "${checks[@]}"; do
    number=$((number + 1)) word=ok
    command=(tests/lint/run.sh hook "$check")
    if (($# == 0)) && [[ " ${hooks[*]} " == *" $check "* ]]; then
      command=("$bin/pre-commit" run "$check" --color never --files "${files[@]}")
    fi
    "${command[@]}" >"$log" 2>&1 || word='not ok' code=1
    echo "$word $number - $check"
    [[ $word == ok ]] || sed 's/^/# /' "$log"
  done
  return "$code"
}

case ${1:-} in
  install) install ;;
  fix)
    install
    fix
    ;;
  hook) hook "${@:2}" ;;
  list) files_of "$2" ;;
  baseline)
    install
    baseline
    ;;
  *)
    install >&2
    tap "$@"
    ;;
esac
