// The ops on a device (op_args.h has their definitions): all pointers in the arguments are to memory of the
// device, apart from KvWriteArgs::rope, which the host reads. An op puts its work into the queue and returns;
// nothing throws.
//
// Every op gives the bits of kernels/ref, whatever the shape of its grid, but for round, which gives those
// that RoundedBlock states, and products of BF16 (matmul_bf16.cuh) and attention (attention.cu), which have
// an order of their own, the same in any company.
#pragma once

#include "kernels/cuda/queue.h"
#include "kernels/op_args.h"

namespace loci::kernels::cuda {

void embed(const EmbedArgs& args, Queue& queue);
void norm(const NormArgs& args, Queue& queue);
void quantize(const QuantizeArgs& args, Queue& queue);
void round(const RoundArgs& args, Queue& queue);
void matmul(const MatmulArgs& args, Queue& queue);
void rope(const RopeArgs& args, Queue& queue);
void kv_write(const KvWriteArgs& args, Queue& queue);
void attention(const AttentionArgs& args, Queue& queue);
void activate(const ActivateArgs& args, Queue& queue);
void scale(const ScaleArgs& args, Queue& queue);
void add(const AddArgs& args, Queue& queue);

}  // namespace loci::kernels::cuda
