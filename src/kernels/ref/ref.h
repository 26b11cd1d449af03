// The scalar reference: one plain function an op, which is the op's definition. Slow on purpose: no blocking,
// no tricks, nothing to doubt. Compiled for the baseline instruction set.
#pragma once

#include "kernels/ops.h"

namespace loci::kernels::ref {

void embed(const EmbedArgs& args, WorkerPool& pool);
void norm(const NormArgs& args, WorkerPool& pool);
void quantize(const QuantizeArgs& args, WorkerPool& pool);
void matmul(const MatmulArgs& args, WorkerPool& pool);
void rope(const RopeArgs& args, WorkerPool& pool);
void kv_write(const KvWriteArgs& args, WorkerPool& pool);
void attention(const AttentionArgs& args, WorkerPool& pool);
void activate(const ActivateArgs& args, WorkerPool& pool);
void scale(const ScaleArgs& args, WorkerPool& pool);
void add(const AddArgs& args, WorkerPool& pool);

}  // namespace loci::kernels::ref
