// The operations of a transformer, as plain structs and functions. No state, no allocation, no exceptions.
//
// Every op has a scalar reference (ref/) that is its definition, and one implementation an ISA (cpu/avx2,
// cpu/avx512), chosen once by ops_for() (dispatch.cc). Its arguments, and the order of reduction of every
// output element, are in op_args.h. The orders are the same for all ISAs, so that today all of them agree bit
// for bit.
//
// An op splits its work over `pool` itself (an output element is computed by one thread).
#pragma once

#include "base/worker_pool.h"
#include "kernels/op_args.h"

namespace loci::kernels {

/// One ISA's implementation of every op.
struct OpTable {
  const char* name;  // "ref", "avx2", "avx2_vnni", "avx512", "avx512_bf16", "amx"
  void (*embed)(const EmbedArgs&, WorkerPool&);
  void (*norm)(const NormArgs&, WorkerPool&);
  void (*quantize)(const QuantizeArgs&, WorkerPool&);
  void (*matmul)(const MatmulArgs&, WorkerPool&);
  void (*rope)(const RopeArgs&, WorkerPool&);
  void (*kv_write)(const KvWriteArgs&, WorkerPool&);
  void (*attention)(const AttentionArgs&, WorkerPool&);
  void (*activate)(const ActivateArgs&, WorkerPool&);
  void (*scale)(const ScaleArgs&, WorkerPool&);
  void (*add)(const AddArgs&, WorkerPool&);
  void (*round)(const RoundArgs&, WorkerPool&) = nullptr;  // where matmul knows what to do with `rounded`
  bool bf16_dots = false;  // attention over BF16, int8 and fp8 multiplies pairs of BF16
};

/// From narrow to wide. kAvx512Bf16 is kAvx512 with BF16 instructions where they help, kAmx with tiles.
enum class Isa { kReference, kAvx2, kAvx2Vnni, kAvx512, kAvx512Bf16, kAmx };
/// Those whose every op gives the bits of the reference.
inline constexpr Isa kSimdIsas[] = {Isa::kAvx2, Isa::kAvx2Vnni, Isa::kAvx512, Isa::kAmx};

/// The ISA to use on this processor: the widest that it has, if its instructions are quick.
Isa best_isa();
/// nullptr where this processor lacks `isa`.
const OpTable* ops_for(Isa isa);

}  // namespace loci::kernels
