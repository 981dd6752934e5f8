#!/usr/bin/env bash
# Installs py_post for `make tools`:  install.sh FOLDER [check]
#   FOLDER/py_post        the program; a link, as a program may read what lies around its file
#   FOLDER/py_post.venv   what it runs in: a venv with the packages of requirements.lock, by hash
#   FOLDER/py_post.check  with `check`: a venv with what py_post is checked with; it sees the first
# PYTHON names the Python to use. Else it is the system's, when that one is new enough.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
into=$(cd "$1" && pwd)

fail() {
  echo "py_post: $1" >&2
  exit 1
}

find_python() {
  local name names=(/usr/bin/python3 python3)
  [[ -z ${PYTHON:-} ]] || names=("$PYTHON")
  for name in "${names[@]}"; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' &>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# packages VENV LOCK: a venv with these packages, made anew when they change.
packages() {
  local venv=$1 lock=$2 state
  state="$("$python" -V) $(sha256sum <"$lock")"
  if [[ -x $venv/bin/python && $(cat "$venv/installed" 2>/dev/null) == "$state" ]]; then
    return
  fi
  rm -rf "$venv"
  "$python" -m venv "$venv" ||
    fail "$python cannot make a venv; on Debian: apt-get install python3-venv"
  "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --require-hashes \
    --only-binary :all: -r "$lock" || fail "the packages of $lock cannot be installed"
  echo "$state" >"$venv/installed"
}

python=$(find_python) ||
  fail "no Python of version 3.11 or later; on Debian: apt-get install python3 python3-venv"
if [[ ${2:-} == check ]]; then
  packages "$into/py_post.check" "$here/requirements-dev.lock"
  lib=$(cd "$into/py_post.check" && echo lib/python*/site-packages)
  echo "../../../../py_post.venv/$lib" >"$into/py_post.check/$lib/py_post.pth"
  exit
fi
packages "$into/py_post.venv" "$here/requirements.lock"

# Installed from a copy: building leaves files beside what is built.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R "$here/pyproject.toml" "$here/src" "$copy/"
find "$copy" -name __pycache__ -prune -exec rm -rf {} +
"$into/py_post.venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-index \
  --no-build-isolation --no-deps --force-reinstall "$copy"

# The record of a run has the hash of the program, that is of this file: so all of it is in here.
sources=$(cd "$copy" && find src pyproject.toml -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
launcher="$into/py_post.venv/bin/py_post"
cat >"$launcher.new" <<LAUNCHER
#!/bin/sh
# py_post with $("$python" -V)
# sources  ${sources%% *}
# packages $(sha256sum <"$here/requirements.lock" | cut -d ' ' -f 1)
case \$0 in
*/*) here=\${0%/*} ;;
*) here=. ;;
esac
[ ! -x "\$here/py_post.venv/bin/python" ] || here=\$here/py_post.venv/bin
export OPENBLAS_NUM_THREADS=1
exec "\$here/python" -I -B -X utf8 -m py_post "\$@"
LAUNCHER
chmod 755 "$launcher.new"
mv "$launcher.new" "$launcher"
ln -sfn py_post.venv/bin/py_post "$into/py_post"
