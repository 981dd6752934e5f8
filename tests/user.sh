#!/usr/bin/env bash
# The quick tests once more as an ordinary user, when they are run by root (CI is): tests/user.sh
# Root passes over modes and owners, so what works for it alone is seen here. Its last line is that of
# tests/run.sh. Somebody who is no root has run them so already: then it only says that.
#
# What the user is given is a copy, below /var/tmp, since a checkout may lie where only root comes.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
user=65534 # nobody
# Of the end-to-end tests those of what people do all day, and of what is about users.
e2e='replay or resume or day or mine or summ or secrets or env_lab or sops or programs or init or doctor or fetch'

if ((EUID != 0)); then
  echo "user id $EUID: all tests run as an ordinary user"
  echo '1 passed, 0 failed'
  exit 0
fi

room=$(mktemp -d /var/tmp/tlab-user.XXXXXX)
trap 'rm -rf "$room"' EXIT
mkdir "$room/tree" "$room/home" "$room/tmp"
tree="$room/tree"
git ls-files -z --cached --others --exclude-standard |
  tar --null --files-from=- --ignore-failed-read --create | tar --extract --directory="$tree"
mkdir -p "$tree/build/tests/e2e" "$tree/build/tests/unit"
cp "$BUILD/tlab" "$tree/build/tlab"
cp "$BUILD/tests/e2e/short.so" "$tree/build/tests/e2e/"
find "$BUILD/tests/unit" -maxdepth 1 -type f -perm -u+x -exec cp -t "$tree/build/tests/unit" {} +
# The interpreter of the tests' environment may be root's own: then the system's, with the same packages.
python=$(realpath "$BUILD/venv/bin/python")
setpriv --reuid="$user" --regid="$user" --clear-groups test -x "$python" || python=/usr/bin/python3
"$python" -m venv --without-pip "$tree/build/venv"
cp -r "$BUILD"/venv/lib/python3.*/site-packages "$tree"/build/venv/lib/python3.*/
cp "$BUILD/venv/bin/just" "$tree/build/venv/bin/"
git -C "$tree" init -q
chown -R "$user:$user" "$room"
chmod 755 "$room"

setpriv --reuid="$user" --regid="$user" --clear-groups --bounding-set=-all --inh-caps=-all \
  env -i PATH=/usr/bin:/bin HOME="$room/home" TMPDIR="$room/tmp" LC_ALL=C.UTF-8 E2E="$e2e" TESTS_USER="$user" \
  "$tree/tests/run.sh" unit cli e2e
