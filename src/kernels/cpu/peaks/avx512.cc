#include "kernels/cpu/peaks/chains.inl.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels::peaks_avx512 {

void fma(long rounds) {
  __m512 factor = _mm512_set1_ps(0.999f), addend = _mm512_set1_ps(0.001f);
  forget(factor), forget(addend);
  run_chains<24>(rounds, _mm512_set1_ps(1.0f),
                 [&](__m512 sum) { return _mm512_fmadd_ps(sum, factor, addend); });
}

void maddubs(long rounds) {
  __m512i codes = _mm512_load_si512(kCodes), other = codes, ones = _mm512_set1_epi16(1);
  forget(codes), forget(ones);
  run_chains<24>(rounds, _mm512_setzero_si512(), [&](__m512i sum) {
    forget(other);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(codes, other), ones));
  });
}

}  // namespace loci::kernels::peaks_avx512
