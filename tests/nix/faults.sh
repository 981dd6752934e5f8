#!/usr/bin/env bash
# What tests/nix/nix-check.sh and `make nix-check` say where nix cannot be used, or not yet; TAP.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0 failed=0

# A PATH with what the script itself asks for, and the nix that a test puts there.
mkdir "$work/bin"
for program in bash cat chmod dirname env git grep head id mktemp mkdir rm sort stat; do
  ln -s "$(command -v "$program")" "$work/bin/"
done

# old_nix ANSWER: a nix that says this of its version, and does nothing.
old_nix() {
  printf '#!/bin/sh\necho "%s"\n' "$1" >"$work/bin/nix"
  chmod +x "$work/bin/nix"
}

# says NAME WORDS… [-- FOLDER]: nix-check.sh ends with 1, and each of these stands in what it says.
says() {
  local name=$1 code=0 word=ok said words
  shift
  said=$(PATH=$work/bin bash "${CHECK:-tests/nix/nix-check.sh}" 2>&1) || code=$?
  for words in "$@"; do
    [[ $said == *"$words"* ]] || word='not ok'
  done
  ((code == 1)) || word='not ok'
  number=$((number + 1))
  echo "$word $number - $name"
  if [[ $word != ok ]]; then
    failed=1
    echo "# exit code $code"
    echo "# ${said//$'\n'/$'\n'# }"
  fi
}

STILL='Without nix all else works: make, make test'

says 'no nix' 'nix is not installed' 'apt-get install nix-bin' "$STILL"
old_nix 'nix (Nix) 2.3.16'
says 'an old nix' 'nix 2.3.16 is too old: 2.8 or later' "$STILL"
old_nix 'what?'
says 'a nix that does not tell its version' 'nix of an unknown version is too old' "$STILL"
old_nix 'nix (Nix) 2.31.2'

# A copy of the scripts elsewhere: up to there all is well, so the next thing is asked.
copy() {
  rm -rf "$work/copy"
  mkdir -p "$work/copy/tests"
  cp -R tests/nix "$work/copy/tests/"
}
copy
CHECK=$work/copy/tests/nix/nix-check.sh
says 'no git checkout' 'this is no git checkout' 'git clone' "$STILL"

# Then the stand-in, which this PATH has not enough for.
LAST='the stand-in cannot be laid out'
git init -q "$work/copy"
says 'files that git does not know' 'git does not know these' 'tests/nix/nix-check.sh' 'git add' "$LAST"
git -C "$work/copy" add -A
git -C "$work/copy" -c user.name=a -c user.email=a@b commit -qm x
echo '# more' >>"$work/copy/tests/nix/smoke.sh"
says 'a dirty checkout' 'changes that are not committed' "$LAST"
if ((EUID == 0)); then
  chown -R nobody "$work/copy"
  says 'a checkout of somebody else' 'belongs to nobody' 'git config --global --add safe.directory' 'trusts it' "$LAST"
else
  number=$((number + 1))
  echo "ok $number - a checkout of somebody else # SKIP only root can give files away"
fi

echo "1..$number"
exit "$failed"
