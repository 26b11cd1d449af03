#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing Loci takes; does nothing, quickly, if all are there.
# usage: tools/setup/debian.sh [clang] [python] [page]
#   clang   clang 19 with clang-format, clang-tidy and the runtimes of the fuzzer too
#   python  what the test with the official OpenAI client needs
#   page    what the test of the chat page needs: Chromium and Node.js
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config ccache
  libboost1.81-dev libboost-json1.81-dev   # HTTP (Asio, Beast), JSON
  libboost-context1.81-dev                 # fibers: CUDA kernels in tests
  libcli11-dev libtomlplusplus-dev         # command line, config file
  libfmt-dev libspdlog-dev                 # formatting, log
  prometheus-cpp-dev libcurl4-openssl-dev zlib1g-dev  # metrics, and what its CMake package asks for
  libutf8proc-dev libpcre2-dev             # Unicode, regular expressions
  libxxhash-dev
  libssl-dev ca-certificates               # checksums of downloads; whom libcurl's HTTPS trusts
  libgtest-dev libgmock-dev librapidcheck-dev
)
for extra in "$@"; do
  case $extra in
    clang) packages+=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev) ;;
    python) packages+=(python3 python3-venv curl) ;;
    page)
      packages+=(chromium)
      command -v npm >/dev/null || packages+=(nodejs npm) ;;  # those of another source do as well
    *) echo "tools/setup/debian.sh: '$extra' is none of clang, python, page" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

echo "installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "run as root, or install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -q >/dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
