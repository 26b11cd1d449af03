// Attention whose products multiply pairs of bfloat16 (vdpbf16ps), over BF16, int8 and fp8 keys and values.
// F32 and F16 stay in float32 arithmetic.
#include "kernels/cpu/attention.inl.h"
#include "kernels/cpu/avx512_bf16/vec.h"
#include "kernels/cpu/bf16_math.inl.h"
#include "kernels/cpu/tables.h"

namespace loci::kernels::avx512_bf16 {

void attention(const AttentionArgs& args, WorkerPool& pool) {
  if (!is_kv_paired(args.kv.dtype)) return kernels::attention<Vec>(args, pool);
  LOCI_CHECK(is_kv_dtype(args.kv.dtype) && args.heads % args.kv.kv_heads == 0);
  attention_with<Bf16Math<Vec>>(args, pool);
}

}  // namespace loci::kernels::avx512_bf16
