#!/usr/bin/env bash
# Lays the stand-in for nixpkgs out:  prepare.sh FOLDER
# A copy of stub-nixpkgs, and in it host.nix: what this machine has. BUILD names the build folder,
# where programs of the tests lie (make nix-check puts them there).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath -m "${BUILD:-$here/../../build}")
PATH=$build/venv-lint/bin:$build/lint-npm/node_modules/.bin:$build/tools/py_post.check/bin:$build/venv/bin:$PATH
python=$build/venv-nix/bin/python
if [[ ! -x $python ]]; then
  echo "prepare.sh: $build/venv-nix is not there: type make nix-check" >&2
  exit 1
fi

PROGRAMS=(bash black cargo cargo-clippy cargo-fmt clang-format clippy-driver git jq just pkg-config
  rust-analyzer rustc rustdoc rustfmt shellcheck sqlite3 stylua)
LIBRARIES=(cmocka crypto curl edit git2 z)
MODULES=(cmocka libcrypto libcurl libedit libgit2 lua5.4 zlib)
PYTHON=(flit-core hypothesis jsonschema matplotlib numpy pandas pytest scikit-learn)

# What a program's name leads to. Rust's are often links to rustup, which looks for a home.
program() {
  local found sysroot
  found=$(command -v "$1") || return
  if [[ $(basename "$(readlink -f "$found")") == rustup ]]; then
    sysroot=$(rustc --print sysroot)
    found=$sysroot/bin/$1
  fi
  [[ -x $found ]] && echo "$found"
}

# The file that -lNAME means to the linker.
library() {
  local found
  found=$(cc -print-file-name="lib$1.so")
  [[ $found == /* ]] && realpath -s "$found"
}

pc_file() {
  local folder
  folder=$(pkg-config --variable=pcfiledir "$1") && echo "$folder/$1.pc"
}

# entry NAME FINDER WORD: a line of a set, or nothing where it is not to be found.
entry() {
  local found
  if found=$("$2" "$3" 2>/dev/null); then
    printf '    "%s" = "%s";\n' "$1" "$found"
  fi
}

set_of() {
  local finder=$1 word
  shift
  for word in "$@"; do entry "$word" "$finder" "$word"; done
}

host() {
  local cargo_target=$build/cargo word
  [[ -d $cargo_target/release ]] || cargo_target=
  cat <<NIX
{
  bash = "$(command -v bash)";
  path = "/usr/bin:/bin";
  cargoHome = "${CARGO_HOME:-$HOME/.cargo}";
  cargoTarget = "$cargo_target";
  tools = {
$(set_of program "${PROGRAMS[@]}")
    "python3" = "$python";
  };
  libraries = {
$(set_of library "${LIBRARIES[@]}")
$(entry lua library lua5.4)
  };
  pcFiles = {
$(set_of pc_file "${MODULES[@]}")
  };
  luaModules = {
$(entry cjson library lua5.4-cjson)
  };
  pyModules = [
$("$python" -c '
import importlib.metadata as metadata
import sys
have = {name.metadata["Name"].lower().replace("_", "-") for name in metadata.distributions()}
for name in sys.argv[1:]:
    if name in have:
        print(f"    \"{name}\"")
' "${PYTHON[@]}")
  ];
}
NIX
}

mkdir -p "$1"
cp "$here"/stub-nixpkgs/* "$1/"
host >"$1/host.nix"
