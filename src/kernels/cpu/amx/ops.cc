// AVX-512 with AMX where it helps: see matmul.h.
#include "kernels/cpu/amx/matmul.h"
#include "kernels/cpu/tables.h"

namespace loci::kernels::amx {

void matmul(const MatmulArgs& args, WorkerPool& pool) {
  if (args.rounded != nullptr)
    return args.tokens <= kFewBf16Rows ? matmul_bf16_few(args, pool) : matmul_bf16(args, pool);
  if (args.scaled.blocks != nullptr && args.tokens > kFewScaledRows) return matmul_scaled(args, pool);
  if (args.quantized != nullptr && args.tokens >= kFewestRows)
    if (const IntegerMatmul multiply = integer_matmul(args.weight.dtype)) return multiply(args, pool);
  avx512::kOps.matmul(args, pool);
}

}  // namespace loci::kernels::amx
