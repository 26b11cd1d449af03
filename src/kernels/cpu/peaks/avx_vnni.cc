#include "kernels/cpu/peaks/chains.inl.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels::peaks_avx_vnni {

void dpbusd(long rounds) {
  __m256i codes = _mm256_load_si256(reinterpret_cast<const __m256i*>(kCodes));
  __m256i other = _mm256_load_si256(reinterpret_cast<const __m256i*>(kCodes + 32));
  forget(codes), forget(other);
  run_chains<12>(rounds, _mm256_setzero_si256(),
                 [&](__m256i sum) { return _mm256_dpbusd_avx_epi32(sum, codes, other); });
}

}  // namespace loci::kernels::peaks_avx_vnni
