#!/usr/bin/env bash
# Evaluates, builds and checks flake.nix with nix, and shows that its checks bite; TAP.
# nixpkgs is the stand-in of stub-nixpkgs: this needs no network, no daemon, no /nix and no root, and
# says nothing of nixpkgs itself. Against that it is run by .github/workflows.
# BUILD names the build folder; `make nix-check` puts what is needed there.
# shellcheck disable=SC2317,SC2329 # try_… are called by their names
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

say() { printf '%s\n' "$@" >&2; }
fail() {
  say "nix-check: $1" "${@:2}" \
    'Without nix all else works: make, make test. Runs name what flake.lock pins all the same.'
  exit 1
}

# --- what must be there ---------------------------------------------------------------------------
OLDEST=2.8
command -v nix >/dev/null ||
  fail 'nix is not installed' "On Debian: apt-get install nix-bin. Elsewhere nix $OLDEST or later, from https://nixos.org/download"
version=$(nix --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true)
[[ $(printf '%s\n' "$OLDEST" "${version:-0}" | sort -V | head -n 1) == "$OLDEST" ]] ||
  fail "nix ${version:-of an unknown version} is too old: $OLDEST or later is needed (nixpkgs itself asks for 2.18)" \
    'On Debian: apt-get install nix-bin, of bookworm or later'

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/home"

# Git refuses a checkout that belongs to somebody else, and of nix one then hears an exit code only.
if [[ ! -O . ]]; then
  say "note: this checkout belongs to $(stat -c %U .): git and nix refuse it unless you trust it:" \
    "  git config --global --add safe.directory $PWD" '  This check trusts it for itself.'
fi
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
git rev-parse --is-inside-work-tree >/dev/null 2>&1 ||
  fail 'this is no git checkout' 'nix takes the files that git knows: git clone, or git init && git add .'
[[ -z $(git status --porcelain --untracked-files=no) ]] ||
  say 'note: there are changes that are not committed: they are checked as they are'
unknown=$(git ls-files -o --exclude-standard | head -n 5)
[[ -z $unknown ]] ||
  say 'note: git does not know these, so nix does not see them (git add FILE):' "${unknown//$'\n'/ }"

cargo_home=${CARGO_HOME:-$HOME/.cargo}
rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
CARGO_HOME=$cargo_home RUSTUP_HOME=$rustup_home bash tests/nix/prepare.sh "$work/stub" || fail 'the stand-in cannot be laid out'

# A store of its own; what nix would ask of the network or of this machine is turned off. Builds run in
# nix's sandbox, without network and home, but with what the stand-in leads to; where the kernel gives
# none they run without.
build=$(realpath -m "${BUILD:-build}")
seen="/usr? /lib? /lib64? /bin? /sbin? /etc/alternatives? $work/stub $build"
seen+=" $cargo_home? $rustup_home? $("$build/venv-nix/bin/python" -c 'import sys; print(sys.base_prefix)')?"
export HOME=$work/home XDG_CACHE_HOME=$work/home/cache
export NIX_STORE_DIR=$work/store NIX_STATE_DIR=$work/state NIX_LOG_DIR=$work/log NIX_CONF_DIR=$work/etc
export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = true
sandbox-fallback = true
build-users-group =
substituters =
flake-registry =
sandbox-paths = '$seen
with=(--override-input nixpkgs "path:$work/stub")

# --- tests ----------------------------------------------------------------------------------------
number=0 failed=0
# test_that NAME TRY WORD…: the function try_TRY succeeds.
test_that() {
  local name=$1 try=$2 start=$SECONDS word=ok
  shift 2
  "try_$try" "$@" >"$work/out" 2>&1 </dev/null || { word='not ok' failed=1; }
  number=$((number + 1))
  echo "$word $number - $name"
  echo "# $((SECONDS - start)) s"
  [[ $word == ok ]] || tail -n 60 "$work/out" | sed 's/^/# /'
}

# The lock is taken as it is, offline, and says what nix makes of it.
try_lock_is_taken() {
  local rev
  rev=$(jq -r .nodes.nixpkgs.locked.rev flake.lock)
  nix flake metadata --json | jq -e --arg rev "$rev" '.locks.nodes.nixpkgs.locked.rev == $rev'
}

try_builds() {
  local out
  nix build "${with[@]}" ".#$1" -L --out-link "$work/result-$1"
  out=$(readlink "$work/result-$1")
  [[ $out == "$NIX_STORE_DIR"/* && -x $out/bin/$1 ]]
}

# The binary opens its libraries by their places in the store, and has its programs beside it.
try_tlab_is_whole() {
  local out tool
  out=$(readlink "$work/result-tlab")
  for tool in libcrypto.so libcurl.so libedit.so libgit2.so libz.so; do
    grep -aq "$NIX_STORE_DIR/[a-z0-9]*-[a-z0-9]*/lib/$tool" "$out/bin/tlab" || {
      echo "no $tool of the store in $out/bin/tlab"
      return 1
    }
  done
  "$out/libexec/tlab/rust_extractor" --version && "$out/libexec/tlab/py_post" --version
}

try_says_its_version() {
  [[ $(nix run "${with[@]}" . -- --version) == *"$(cat VERSION)"* ]]
}

try_flake_check() { nix flake check "${with[@]}" -L; }
try_same_lock() { [[ $before == "$(sha256sum flake.lock)" ]]; }

# shell PROFILE PROGRAM…: in that shell each of them comes from the store; then what is in `also`.
try_shell() {
  local profile=$1
  shift
  # shellcheck disable=SC2016 # they are the inner shell's
  nix develop "${with[@]}" ".#$profile" -c bash -euc '
    [[ $TLAB_PROFILE == "$1" ]]
    for program in "${@:3}"; do
      at=$(command -v "$program") || { echo "no $program"; exit 1; }
      [[ $at == "$2"/* ]] || { echo "$program is the one of this machine: $at"; exit 1; }
    done' - "$profile" "$NIX_STORE_DIR" "$@"
}

try_imports() {
  nix develop "${with[@]}" ".#$1" -c python3 -c "import ${*:2}"
}

# What git knows of this tree, as it is now, in a new folder.
copy_to() {
  mkdir "$1"
  git ls-files -z | tar -c --null --files-from=- | tar -x -C "$1"
}

# bites CHECK WORDS COMMAND: after the command, typed in a copy of this tree, `nix flake check` fails,
# by this check, with these words.
try_bites() {
  local check=$1 words=$2 code=0
  rm -rf "$work/broken"
  copy_to "$work/broken"
  (cd "$work/broken" && eval "$3")
  nix flake check "${with[@]}" "path:$work/broken" -L >"$work/said" 2>&1 || code=$?
  cat "$work/said"
  ((code != 0)) && grep -q "$check" "$work/said" && grep -qE "$words" "$work/said"
}

# as_on_the_page COMMAND: a line of docs/reference/ACCEPTANCE.md, typed as it stands there in a clone of
# this tree, where `nix` takes the stand-in.
try_as_on_the_page() {
  if [[ ! -d $work/clone ]]; then
    mkdir "$work/bin"
    copy_to "$work/clone"
    git -C "$work/clone" init -q
    git -C "$work/clone" add -A
    # shellcheck disable=SC2016 # they are the program's
    printf '#!/usr/bin/env bash\nset -euo pipefail\nwords=1\n[[ $1 != flake ]] || words=2\nexec %q "${@:1:words}" %s "${@:words+1}"\n' \
      "$(command -v nix)" "${with[*]@Q}" >"$work/bin/nix"
    chmod +x "$work/bin/nix"
  fi
  (cd "$work/clone" && PATH=$work/bin:$PATH bash -euo pipefail -c "$1")
}

# A checkout that belongs to somebody else, with a change and a file that git does not know.
try_theirs() {
  copy_to "$work/theirs"
  git -C "$work/theirs" init -q
  git -C "$work/theirs" add -A
  echo 9.9.9 >"$work/theirs/VERSION"
  touch "$work/theirs/unknown"
  ((EUID != 0)) || chown -R nobody "$work/theirs"
  [[ $(nix eval "${with[@]}" --raw "$work/theirs#tlab.version") == 9.9.9 ]]
}

before=$(sha256sum flake.lock)
test_that 'flake.lock is taken as it is, without a network' lock_is_taken
test_that 'nix build .#tlab' builds tlab
test_that 'tlab has its libraries and its programs from the store' tlab_is_whole
test_that 'nix build .#rust_extractor' builds rust_extractor
test_that 'nix build .#py_post' builds py_post
test_that 'nix run . -- --version' says_its_version
test_that 'nix flake check' flake_check
test_that 'nix develop' shell default rustc cargo rustfmt cargo-clippy python3 jq just shellcheck pkg-config git
test_that 'nix develop .#rust_analyzer' shell rust_analyzer rust-analyzer rustc cargo jq just
test_that 'nix develop .#python_ml' shell python_ml tlab python3 jq just
test_that '… has what it names' imports python_ml numpy, pandas, sklearn
test_that 'nix develop .#data_mining' shell data_mining tlab rust_extractor py_post sqlite3 python3 git jq just
test_that '… has what it names' imports data_mining pandas
# shellcheck disable=SC2016 # the page has backticks
while read -r command; do
  test_that "$command" as_on_the_page "$command"
done < <(sed -nE 's/^\|[^|]*\| `(nix [^`]*)` \|.*/\1/p' docs/reference/ACCEPTANCE.md)
test_that 'a script with a fault fails the check' \
  bites shellcheck SC2086 "printf '#!/usr/bin/env bash\nrm \$1/x\n' >tests/planted.sh"
test_that 'a schema with a fault fails the check' \
  bites schemas test_schema_fits_the_metaschema \
  "sed -i '0,/\"type\": \"object\"/s//\"type\": \"thing\"/' schemas/run.schema.json"
test_that 'a Rust test that fails, fails the check' \
  bites rust_extractor 'planted .* FAILED' \
  "printf '#[test]\nfn planted() {\n    panic!();\n}\n' >>recipes/tools/rust_extractor/src/lib.rs"
test_that 'lines that are laid out wrong fail the check' \
  bites formatting planted.lua "echo 'local  x=1' >tests/planted.lua"
test_that 'a dirty checkout of somebody else is taken as it is' theirs
test_that 'flake.lock is as before' same_lock

grep -q '"rust-analyzer" =' "$work/stub/host.nix" ||
  say 'note: this machine has no rust-analyzer: the shell was tried with a placeholder'
echo "1..$number"
exit "$failed"
