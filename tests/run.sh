#!/usr/bin/env bash
# Runs groups of tests and sums them up:  tests/run.sh GROUP…
#   unit    the C programs of tests/unit, built by make
#   lua     tests/lua/*_test.lua, run by tlab itself
#   arch    tests/arch: who includes, links and requires what
#   ops     tests/ops: every operation of the table, in each of its cases
#   cli     tests/cli/*.t: what a person types and sees
#   recipes tests/recipes/*_test.lua, by `tlab test`
#   docs    README.md and docs/: each command that they show, and their links
#   e2e     tests/e2e, but for what is marked slow, real (a model) or tools (WireMock, toxiproxy, sops)
#   slow    and just those
#   user    unit, cli and much of e2e as an ordinary user, when root runs them (tests/user.sh)
#   san     unit, lua and cli once more with the sanitizers' build ($BUILD-san); TLAB_SWEEP is set, by
#           which unit tests do all of what they do a sample of otherwise
#   suites  the public test suites
#   tools   the programs of recipes/tools: their tests
#   lint    the hooks of a commit on all files, and both compilers' warnings (tests/lint/run.sh)
#   nix     flake.nix against a stand-in for nixpkgs, and what is said where nix cannot be used
#   check   lua, and the unit programs that CHECK names: for a build sandbox
#   fuzz    each target of tests/fuzz for FUZZ_SECONDS (10)
# BUILD names the build folder. The last line is "N passed, N failed[, N skipped]"; the exit code
# is 1 when any failed, or none ran. With TALLY=FILE that line is appended to FILE as well.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
venv="$BUILD/venv"
# What pytest makes of the tests' assertions is kept, since each of its workers needs it, but not in the tree.
unset PYTHONDONTWRITEBYTECODE
PYTHONPYCACHEPREFIX=$(realpath -m "$BUILD/pycache")
export BUILD PYTHONPYCACHEPREFIX CMOCKA_MESSAGE_OUTPUT=TAP
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count LABEL PASSED FAILED SKIPPED: adds up, says one line, and shows the log when any failed.
count() {
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  if (($3 > 0)); then
    tail -n 200 "$log" | sed 's/^/    /'
    echo "FAILED $1: $2 passed, $3 failed"
  else
    echo "ok     $1: $2 passed$( (($4 == 0)) || echo ", $4 skipped")"
  fi
  grep -E '^SKIPPED|# SKIP' "$log" | sed 's/^/    /' || true
}

# tap LABEL COMMAND…: runs a program that speaks TAP. A crash, or fewer tests than were planned,
# counts as one more failure, so that nothing can end early and look well.
tap() {
  local label=$1 code=0 good bad skip plan
  shift
  "$@" >"$log" 2>&1 </dev/null || code=$?
  skip=$(grep -cE '^(not )?ok [0-9]+.*# SKIP' "$log" || true)
  good=$(grep -cE '^ok [0-9]+' "$log" || true)
  bad=$(grep -E '^not ok [0-9]+' "$log" | grep -vc '# SKIP' || true)
  good=$((good - $(grep -cE '^ok [0-9]+.*# SKIP' "$log" || true)))
  plan=$(sed -nE 's/^1\.\.([0-9]+).*/\1/p' "$log" | head -n 1)
  if [[ ${plan:-none} != $((good + bad + skip)) ]] || { ((code != 0)) && ((bad == 0)); }; then
    echo "(exit code $code, plan ${plan:-none})" >>"$log"
    bad=$((bad + 1))
  fi
  count "$label" "$good" "$bad" "$skip"
}

# Programs that speak TAP are collected, and then run side by side, each into a file of its own; they are
# counted in the order in which they were named. Some wait, so there are more than processors.
labels=() commands=()
later() {
  labels+=("$1") commands+=("$(printf '%q ' "${@:2}")")
}

run_collected() {
  local logs i
  ((${#labels[@]} > 0)) || return 0
  logs=$(mktemp -d)
  # shellcheck disable=SC2016 # $0, $1 and $2 are those of the inner shell
  for i in "${!labels[@]}"; do printf '%s\0%s\0' "$i" "${commands[i]}"; done |
    xargs -0 -n 2 -P "$(($(nproc) + 2))" bash -c '
      code=0
      eval "$2" >"$0/$1" 2>&1 </dev/null || code=$?
      echo "$code" >"$0/$1.code"' "$logs"
  for i in "${!labels[@]}"; do
    tap "${labels[i]}" said "$logs/$i"
  done
  rm -rf "$logs"
  labels=() commands=()
}

# What a program that has run already said, with its exit code.
said() {
  cat "$1"
  return "$(cat "$1.code")"
}

run_unit() {
  local file name
  for file in tests/unit/test_*.c; do
    name=$(basename "$file" .c)
    later "unit ${name#test_}" "$BUILD/tests/unit/$name"
  done
}

run_check() {
  local name
  for name in ${CHECK:-}; do later "unit $name" "$BUILD/tests/unit/test_$name"; done
  run_lua
}

run_lua() {
  local file
  for file in tests/lua/*_test.lua; do
    later "lua $(basename "$file" _test.lua)" "$BUILD/tlab" --self-test "$file"
  done
}

run_pytest() {
  local label=$1
  shift
  pytest "$label" "$venv/bin/python" -c tests/pytest.ini --rootdir tests "$@" tests/e2e
}

# number_of WORD LINE: the number before the word, or 0.
number_of() { grep -oE "[0-9]+ $1" <<<"$2" | grep -oE '^[0-9]+' || echo 0; }

# pytest LABEL PYTHON OPTION…: by pytest's closing line. Its exit code 5 means that nothing ran.
pytest() {
  local label=$1 python=$2 code=0 last
  shift 2
  "$python" -m pytest -q --tb=short -rfEs "$@" >"$log" 2>&1 </dev/null || code=$?
  last=$(tail -n 1 "$log")
  local good bad skip
  good=$(number_of passed "$last") skip=$(number_of skipped "$last")
  bad=$(($(number_of failed "$last") + $(number_of error "$last")))
  if ((code != 0 && code != 5 && bad == 0)); then
    bad=1
  fi
  count "$label" "$good" "$bad" "$skip"
}

run_arch() { later arch python3 tests/arch/check.py --build "$BUILD"; }
run_ops() { later ops python3 tests/ops/run.py --tlab "$BUILD/tlab"; }
run_cli() { later cli python3 tests/cli/run.py --tlab "$BUILD/tlab"; }
run_recipes() { later recipes "$BUILD/tlab" test; }
run_docs() { later docs python3 tests/docs/run.py --tlab "$BUILD/tlab"; }
# Most of these tests wait for a server, so there are more of them at once than processors.
# E2E names some of them (pytest's -k).
run_e2e() { run_pytest e2e -n 6 --dist worksteal -m 'not slow and not real and not tools' -k "${E2E:-}"; }
run_slow() {
  run_pytest slow -n "$(nproc)" -m 'slow and not real and not tools'
  run_pytest 'model and tools' -m 'real or tools'
}

run_user() {
  local code=0 last
  tests/user.sh >"$log" 2>&1 </dev/null || code=$?
  last=$(tail -n 1 "$log")
  local good bad
  good=$(number_of passed "$last") bad=$(number_of failed "$last")
  if ((code != 0 && bad == 0)) || ((good == 0)); then
    bad=1
  fi
  count user "$good" "$bad" "$(number_of skipped "$last")"
}

run_san() {
  local -x BUILD="$BUILD-san" TLAB_SWEEP=1
  run_unit
  run_lua
  run_cli
  run_collected
}

run_suites() {
  if ! bash tests/suites/fetch.sh "$BUILD/suites" >"$log" 2>&1; then
    count suites 0 1 0
    return
  fi
  tap "suites JSON" "$BUILD/tests/suites/json_suite" "$BUILD/suites"
  tap "suites JSON Schema" "$BUILD/tlab" --self-test tests/suites/schema_suite.lua \
    "$BUILD/suites/json-schema-2020-12"
}

run_tools() {
  local code=recipes/tools/py_post check="$BUILD/tools/py_post.check"
  local -x HYPOTHESIS_STORAGE_DIRECTORY="$BUILD/hypothesis"
  pytest 'tools py_post' "$check/bin/python" -c $code/pyproject.toml --rootdir $code $code/tests
  run_crate recipes/tools/rust_extractor
}

# run_crate FOLDER: the tests of a crate, built as the tool is, so that what both need is compiled once.
run_crate() {
  local name code=0 good bad in=(--quiet --locked --manifest-path "$1/Cargo.toml" --target-dir "$BUILD/cargo")
  name=$(basename "$1")
  cargo test "${in[@]}" --release --no-fail-fast >"$log" 2>&1 </dev/null || code=$?
  sum_of() { sed -nE "s/^test result: .* ([0-9]+) $1; .*/\1/p" "$log" | awk '{ n += $1 } END { print n + 0 }'; }
  good=$(sum_of passed)
  bad=$(sum_of failed)
  if ((code != 0 && bad == 0)) || ((good == 0)); then
    bad=1
  fi
  count "tools $name" "$good" "$bad" 0
}

run_nix() {
  tap 'nix flake.lock' python3 tests/nix/lock.py
  tap 'nix faults' bash tests/nix/faults.sh
  tap nix bash tests/nix/nix-check.sh
}

run_lint() { tap lint bash tests/lint/run.sh; }

run_fuzz() {
  local name program code corpus seeds
  for name in tests/fuzz/fuzz_*.c; do
    name=$(basename "$name" .c)
    program="$BUILD/tests/fuzz/$name" corpus="$BUILD/fuzz-corpus/$name"
    mkdir -p "$corpus"
    seeds=()
    if [[ $name == fuzz_json && -d $BUILD/suites/jsontestsuite ]]; then
      seeds=("$BUILD/suites/jsontestsuite")
    fi
    code=0
    "$program" -max_total_time="${FUZZ_SECONDS:-10}" -artifact_prefix="$corpus/" -timeout=10 \
      "$corpus" "${seeds[@]}" >"$log" 2>&1 </dev/null || code=$?
    if ((code == 0)); then
      count "$name" 1 0 0
    else
      count "$name" 0 1 0
    fi
  done
}

mapfile -t groups < <(sed -nE 's/^#   ([a-z0-9]+) .*/\1/p' tests/run.sh)
for group in "$@"; do
  if [[ " ${groups[*]} " != *" $group "* ]]; then
    echo "tests/run.sh: no group is called '$group': ${groups[*]}" >&2
    exit 2
  fi
  case $group in unit | lua | check | arch | ops | cli | recipes | docs) ;; *) run_collected ;; esac
  "run_$group"
done

run_collected

line="$passed passed, $failed failed"
if ((skipped > 0)); then
  line+=", $skipped skipped"
fi
[[ -z ${TALLY:-} ]] || echo "$line" >>"$TALLY"
echo "$line"
((failed == 0 && passed > 0))
