#!/bin/sh
# The main job with realistic data: a made-up Netherlands is simulated, imported over the real
# path, matched and served. With --check nobody looks: the hits are scored against the truth and
# the exit code tells. Environment: DEALERS, PURCHASES, SEED.
set -eu
cd "$(dirname "$0")"

home="$PWD/.home/demo"
if [ "${1:-}" = "--check" ]; then
    home="$PWD/.home/demo-check"
fi
world="$home/world"
export HERKOMST_HOME="$home" HERKOMST_DEV_LOGIN=1 PYTHONSAFEPATH=1
run() { uv run --no-sync herkomst "$@"; }
say() { printf '\n== %s\n' "$*" >&2; }
server=
stop() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

uv run --no-sync python -m herkomst.record.removal "$home"
mkdir -p "$world"
say "A made-up Netherlands: $DEALERS dealers, $PURCHASES purchases"
run simulate --dealers "$DEALERS" --purchases "$PURCHASES" --seed "$SEED" --out "$world"

say "The server, and everything that follows the record"
uv run --no-sync herkomst serve --work &
server=$!

say "Dealers"
run import "$world/dealers.ndjson" --as dealers --source dol
say "Purchases"
run import "$world/purchases.ndjson" --as purchases --source dor
say "Stolen goods"
run import "$world/stolen.ndjson" --as stolen --source politie
run import "$world/stolen-verzekeraars.ndjson" --as stolen --source verzekeraars

say "Until everything has been matched"
head=$(run status --json | uv run --no-sync python -c \
    'import json, sys; print(json.load(sys.stdin)["sequences"]["register"]["head"])')
run wait --register "$head" --timeout 300
run status

if [ "${1:-}" = "--check" ]; then
    say "Scored against the truth"
    run export hits --purpose duty:front_desk --ground wpg:8 > "$world/found.ndjson"
    uv run --no-sync python -m bench.score --rates "$world/found.ndjson" "$world"/truth/hits*.ndjson
    exit 0
fi

url="http://${HERKOMST_HOST:-127.0.0.1}:${HERKOMST_PORT:-8437}"
say "Hits as they come: $url/    explorer: $url/explorer    (Ctrl-C stops it)"
wait "$server"
