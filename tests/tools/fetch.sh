#!/usr/bin/env bash
# Fetches tools that the tests use, pinned, into $BUILD/tools: fetch.sh wiremock toxiproxy
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
      -DoutputDirectory="$PWD/$dir"
  fi
  echo "$sum  $jar" | sha256sum --check --quiet
}

toxiproxy() {
  if [[ ! -x $dir/toxiproxy-2.5.0 ]]; then
    # Go's module proxy and checksum database vouch for the version.
    GOBIN="$PWD/$dir" go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0
    mv "$dir/server" "$dir/toxiproxy-2.5.0"
  fi
}

for tool in "$@"; do
  case $tool in
    wiremock | toxiproxy) "$tool" ;;
    *) echo "fetch.sh: no tool '$tool' (wiremock, toxiproxy)" >&2 && exit 2 ;;
  esac
done
