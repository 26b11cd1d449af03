#include "kernels/cpu/peaks/chains.inl.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels::peaks_avx512_bf16 {

void dpbf16(long rounds) {
  __m512 numbers = _mm512_set1_ps(0.37f);
  forget(numbers);
  const __m512bh pairs = _mm512_cvtne2ps_pbh(numbers, numbers);
  run_chains<24>(rounds, _mm512_set1_ps(1.0f),
                 [&](__m512 sum) { return _mm512_dpbf16_ps(sum, pairs, pairs); });
}

}  // namespace loci::kernels::peaks_avx512_bf16
