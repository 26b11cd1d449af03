// One pair of a head, rotated in place.
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/op_args.h"

namespace loci::kernels::cuda {

struct Rope {
  Global<float> heads;
  Global<const float> cos, sin;
  int tokens, stride, head_count, head_dim, half;
};

inline Rope rope_of(const RopeArgs& args) {
  const auto tokens = static_cast<std::size_t>(args.tokens);
  const std::size_t row = static_cast<std::size_t>(args.head_count) * static_cast<std::size_t>(args.head_dim);
  const std::size_t heads = tokens == 0 ? 0 : (tokens - 1) * static_cast<std::size_t>(args.stride) + row;
  const std::size_t angles = tokens * static_cast<std::size_t>(args.rotary_dim / 2);
  return {.heads = {args.heads, heads, "heads"},
          .cos = {args.cos, angles, "cos"},
          .sin = {args.sin, angles, "sin"},
          .tokens = args.tokens,
          .stride = args.stride,
          .head_count = args.head_count,
          .head_dim = args.head_dim,
          .half = args.rotary_dim / 2};
}

__device__ inline void rotate_pair(const Rope& p, int token, int head, int i) {
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(token) * p.stride + head * p.head_dim + i;
  const std::ptrdiff_t angle = static_cast<std::ptrdiff_t>(token) * p.half + i;
  float &x0 = p.heads[first], &x1 = p.heads[first + p.half];
  const float cos = p.cos[angle], sin = p.sin[angle], before0 = x0, before1 = x1;
  x0 = fmaf(before0, cos, -(before1 * sin));
  x1 = fmaf(before1, cos, before0 * sin);
}

}  // namespace loci::kernels::cuda
