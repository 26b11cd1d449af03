// The ops of each SIMD ISA. Reading a table's pointers is safe everywhere; calling them needs the processor.
#pragma once

#include "kernels/ops.h"

namespace loci::kernels {

namespace avx2 {
extern const OpTable kOps;
}
namespace avx2_vnni {
extern const OpTable kOps;
}
namespace avx512 {
extern const OpTable kOps;
}

/// What differs from avx512.
namespace avx512_bf16 {
void attention(const AttentionArgs& args, WorkerPool& pool);
void round(const RoundArgs& args, WorkerPool& pool);
void matmul(const MatmulArgs& args, WorkerPool& pool);
}  // namespace avx512_bf16
namespace amx {
void attention(const AttentionArgs& args, WorkerPool& pool);
void round(const RoundArgs& args, WorkerPool& pool);
void matmul(const MatmulArgs& args, WorkerPool& pool);
}  // namespace amx

}  // namespace loci::kernels
