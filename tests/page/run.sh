#!/bin/sh
# The chat page in a headless Chromium: run.sh BINARY [arguments of `node --test`]
# Its one package lives beside the binary, installed once and again when the lock changes.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "${1:?usage: run.sh BINARY [node arguments]}")
shift
packages=$(dirname "$binary")/page-test

mkdir -p "$packages"
if ! cmp -s "$here/package-lock.json" "$packages/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$packages"
  npm ci --prefix "$packages" --ignore-scripts --no-audit --no-fund --silent
  cp "$here/package-lock.json" "$packages/installed.json"
fi
cp "$here"/*.mjs "$packages"  # beside node_modules, where imports are looked for
cd "$packages"
LOCI_BINARY=$binary exec node --test --test-concurrency=1 "$@" page.test.mjs real.test.mjs
