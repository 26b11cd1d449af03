#!/usr/bin/env bash
# Builds the fuzz targets with clang 19 and runs each for a while, under AddressSanitizer and UBSan.
# usage: tests/fuzz/run.sh [SECONDS a target, default 60] [TARGET...]
# What libFuzzer learns goes to build-fuzz/corpus; a finding stops the run and leaves its input in build-fuzz.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(sed -n 's/^loci_fuzzer(\([a-z_]*\)_fuzz .*/\1/p' cmake/fuzzers.cmake)

cmake -S . -B build-fuzz -G Ninja -DLOCI_FUZZERS=ON -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER=clang-19 >/dev/null
cmake --build build-fuzz -j "$(nproc)" --target $(printf '%s_fuzz ' "${targets[@]}")

cd build-fuzz
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target"
  echo "fuzzing $target for $seconds s"
  "./${target}_fuzz" "corpus/$target" "../tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=16384 -print_final_stats=1 2>"$target.log" || { tail -n 40 "$target.log"; exit 1; }
  grep -E 'stat::number_of_executed_units|stat::peak_rss_mb' "$target.log"
done
echo "no findings"
