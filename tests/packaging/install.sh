#!/usr/bin/env bash
# `make install DESTDIR=...` gives a tree whose program runs, with a unit that systemd understands.
# usage: tests/packaging/install.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

install_into() { DESTDIR=$root cmake --install "$build" --prefix "$1" >"$root.log" 2>&1 || { cat "$root.log"; fail "install"; }; rm -f "$root.log"; }

install_into /usr
program=$root/usr/bin/loci
for file in usr/bin/loci usr/share/man/man1/loci.1 usr/share/doc/loci/LICENSE usr/share/doc/loci/docs/serving.md \
            usr/lib/systemd/system/loci.service etc/loci/loci.toml; do
  [[ -s $root/$file ]] || fail "$file is missing"
done
"$program" --version | grep -q '^loci [0-9]' || fail "--version"
[[ -n $("$program" run "Once upon a time" --max-tokens 4 --temperature 0) ]] || fail "the installed program does not complete"

# Every key of the settings is a flag, and the unit starts what was installed.
unit=$root/usr/lib/systemd/system/loci.service
grep -q '^ExecStart=/usr/bin/loci serve' "$unit" || fail "the unit starts another program"
if grep -q '@' <(grep -v '^SystemCallFilter=' "$unit" | grep -v '^#'); then fail "the unit has a placeholder"; fi
stop=$(sed -n 's/^TimeoutStopSec=//p' "$unit") drain=$(sed -n 's/^shutdown-timeout = //p' "$root/etc/loci/loci.toml")
((stop > drain)) || fail "TimeoutStopSec=$stop is not longer than the drain of $drain s"
sed 's/^# \([a-z-]* = \)/\1/; s/"org\/name"/"none.gguf"/; s/^port = .*/port = 0/' "$root/etc/loci/loci.toml" >"$root/all.toml"
said=$("$program" serve --config "$root/all.toml" 2>&1) && fail "a model that is not there is served"
grep -q 'none.gguf: no such file' <<<"$said" || fail "settings are not understood: $said"

if command -v systemd-analyze >/dev/null; then
  # The program's path is looked up in this system, so the unit is shown with one that exists here.
  sed "s|^ExecStart=/usr/bin/loci|ExecStart=$program|" "$unit" >"$root/loci.service"
  said=$(systemd-analyze verify --man=no "$root/loci.service" 2>&1 | grep -F loci.service || true)
  [[ -z $said ]] || fail "systemd-analyze verify: $said"
  exposure=$(systemd-analyze security --offline=true "$root/loci.service" 2>/dev/null | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p')
  awk -v e="${exposure:-10}" 'BEGIN { exit !(e <= 2.0) }' || fail "systemd-analyze security: exposure $exposure, wanted 2.0 at most"
  echo "exposure level of the unit: $exposure"
fi

# Settings that are there stay; another prefix has its own.
echo "port = 1" >"$root/etc/loci/loci.toml"
install_into /usr
[[ $(cat "$root/etc/loci/loci.toml") == "port = 1" ]] || fail "settings were replaced"
install_into /opt/loci
grep -q '^ExecStart=/opt/loci/bin/loci' "$root/opt/loci/lib/systemd/system/loci.service" || fail "the unit of another prefix"
[[ -s $root/opt/loci/etc/loci/loci.toml ]] || fail "settings of another prefix"
echo "ok"
