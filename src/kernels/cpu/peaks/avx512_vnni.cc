#include "kernels/cpu/peaks/chains.inl.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels::peaks_avx512_vnni {

void dpbusd(long rounds) {
  __m512i codes = _mm512_load_si512(kCodes), other = codes;
  forget(codes), forget(other);
  run_chains<24>(rounds, _mm512_setzero_si512(),
                 [&](__m512i sum) { return _mm512_dpbusd_epi32(sum, codes, other); });
}

}  // namespace loci::kernels::peaks_avx512_vnni
