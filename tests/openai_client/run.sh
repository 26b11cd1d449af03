#!/bin/sh
# The official OpenAI Python client against a loci binary: run.sh BINARY [pytest arguments]
# Its packages live in a virtual environment beside the binary.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "${1:?usage: run.sh BINARY [pytest arguments]}")
shift
venv=$(dirname "$binary")/openai-client-venv

# Installed once; again when the pins change.
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" -B -m pytest -q -p no:cacheprovider --rootdir "$here" "$here" --binary "$binary" "$@"
