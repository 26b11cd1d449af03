#include "kernels/cpu/peaks/chains.inl.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels::peaks_avx2 {

void fma(long rounds) {
  __m256 factor = _mm256_set1_ps(0.999f), addend = _mm256_set1_ps(0.001f);  // the sums stay near 1
  forget(factor), forget(addend);
  run_chains<12>(rounds, _mm256_set1_ps(1.0f),
                 [&](__m256 sum) { return _mm256_fmadd_ps(sum, factor, addend); });
}

/// int8 without dot products: pairs to int16, their pairs to int32, and the sum.
void maddubs(long rounds) {
  __m256i codes = _mm256_load_si256(reinterpret_cast<const __m256i*>(kCodes));
  __m256i other = _mm256_load_si256(reinterpret_cast<const __m256i*>(kCodes + 32));
  __m256i ones = _mm256_set1_epi16(1);
  forget(codes), forget(ones);
  run_chains<12>(rounds, _mm256_setzero_si256(), [&](__m256i sum) {
    forget(other);  // else the products would be computed once, before the loop
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, other), ones));
  });
}

}  // namespace loci::kernels::peaks_avx2
