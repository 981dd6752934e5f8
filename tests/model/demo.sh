#!/usr/bin/env bash
# The main job, from nothing: asks a small real model on this machine, then replays and verifies
# the run with the model's server stopped. `make demo` builds first.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
tlab=$build/tlab
model=$build/model
shipped=tests/recipes/ai/run
server=

stop_server() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}
trap stop_server EXIT

say() { printf '\n== %s\n' "$*"; }

# Starts the model's server in the background; its address goes into `base_url`.
start_server() {
  local started="$model/server.json" tries
  : >"$started"
  "$model/venv/bin/python" tests/model/serve.py >"$started" 2>"$model/server.log" &
  server=$!
  for ((tries = 0; tries < 300; tries++)); do
    base_url=$(sed -n 's/.*"base_url": "\([^"]*\)".*/\1/p' "$started")
    if [[ -n $base_url ]]; then return 0; fi
    if ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "the model's server did not start; its last words:" >&2
  tail -n 5 "$model/server.log" >&2
  return 1
}

# A run that came with the repository stands in where there is no model.
replay_shipped() {
  say "no model here: replaying a run recorded from that same model ($shipped)"
  "$tlab" verify "$shipped"
  "$tlab" replay "$shipped"
  cat <<END

The recorded run lies in $shipped. Try next:
  $tlab show $shipped
  $tlab run recipes/ai.lua tests/recipes/ai/spec.json model.base_url=URL --allow-net=HOST:PORT
END
}

say "a small language model on this machine"
if ! tests/model/fetch.sh "$model" || ! start_server; then
  replay_shipped
  exit 0
fi
echo "smollm2-135m-instruct answers at $base_url"

host=${base_url#http://}
say "tlab run recipes/ai.lua tests/recipes/ai/spec.json"
"$tlab" run recipes/ai.lua tests/recipes/ai/spec.json "model.base_url=$base_url" \
  "--allow-net=${host%/v1}"
run=$(realpath --relative-to=. latest)

stop_server
say "the server is stopped: tlab replay latest"
"$tlab" replay latest
say "tlab verify latest"
"$tlab" verify latest

cat <<END

The run lies in $run:
  answers.md  answers.jsonl  run.json  record/
Try next:
  $tlab show latest
  less $run/answers.md
END
