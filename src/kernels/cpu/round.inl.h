// Rows to BF16, by AVX512-BF16.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class Vec>
void round_row(const float* input, int columns, RoundedBlock* output, long stride) {
  for (int c = 0; c < columns; c += kQuantizedColumns, input += kQuantizedColumns, output += stride) {
    const int left = columns - c, low = left < 16 ? left : 16;
    const int high = left < 16 ? 0 : left < 32 ? left - 16 : 16;
    const __m512bh pairs =
        _mm512_cvtne2ps_pbh(Vec::load_first(input + low, high).lanes, Vec::load_first(input, low).lanes);
    _mm512_store_si512(output, __builtin_bit_cast(__m512i, pairs));
  }
}

template <class Vec>
void round(const RoundArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(args.columns), [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      round_row<Vec>(args.input + offset(t, args.columns), args.columns, args.output + t, args.tokens);
  });
}

}  // namespace loci::kernels
