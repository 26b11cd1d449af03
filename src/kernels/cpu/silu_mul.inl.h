#pragma once

#include "kernels/cpu/exp.inl.h"
#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class Vec>
Vec silu_mul_lanes(Vec gate, Vec up) {
  return gate / (Vec::splat(1.0f) + exp_lanes(Vec::zero() - gate)) * up;
}

template <class Vec>
void silu_mul_row(const float* gate, const float* up, int features, float* output) {
  const int whole = features / 16 * 16, tail = features - whole;
  for (int i = 0; i < whole; i += 16)
    silu_mul_lanes(Vec::load(gate + i), Vec::load(up + i)).store(output + i);
  silu_mul_lanes(Vec::load_first(gate + whole, tail), Vec::load_first(up + whole, tail))
      .store_first(output + whole, tail);
}

template <class Vec>
void silu_mul(const SiluMulArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(offset(args.features, 4)), [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const float* gate = args.gate_up + offset(t, 2L * args.features);
      silu_mul_row<Vec>(gate, gate + args.features, args.features, args.output + offset(t, args.features));
    }
  });
}

}  // namespace loci::kernels
