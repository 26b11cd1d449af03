// Independent chains of one instruction. A multiplier takes a new input every cycle and answers 4 to 8 cycles
// later; two of them are kept busy by 10 to 16 chains. 12 fit into AVX2's 16 registers beside the operands,
// 24 into AVX-512's 32.
#pragma once

#include <cstddef>
#include <immintrin.h>

namespace loci::kernels {
namespace {  // each file has its own copy, compiled for its instructions

/// The compiler must take `value` for unknown, so that it can neither compute the loop nor merge its chains.
template <class V>
inline void forget(V& value) {
  asm volatile("" : "+v"(value));
}

template <int kChains, class Sum, class Step>
inline void run_chains(long rounds, Sum start, Step step) {
  Sum sums[kChains];
#pragma GCC unroll 32
  for (Sum& sum : sums) sum = start, forget(sum);
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 32
    for (int j = 0; j < kChains; ++j) sums[j] = step(sums[j]);
  }
#pragma GCC unroll 32
  for (Sum& sum : sums) forget(sum);
}

/// Codes as they come: a processor that multiplies zeros draws less power and may run faster.
alignas(64) constexpr signed char kCodes[64] = {
    17,  -93, 54,  101, -7,  66,  -120, 39,  88,   -45, 12,  -71,  125, -30, 3,  -110,
    61,  94,  -58, 27,  -84, 115, -19,  48,  -127, 70,  35,  -102, 9,   -64, 82, -37,
    120, -5,  -96, 51,  23,  -75, 107,  -42, 90,   -14, 67,  -118, 31,  -53, 98, 6,
    -87, 44,  -24, 113, -69, 78,  -105, 20,  58,   -34, 127, -81,  41,  -10, 73, -99};

}  // namespace
}  // namespace loci::kernels
