#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/cpu/math.inl.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class Vec>
Vec scaled(const ScaleArgs& args, Vec x) {
  x = x * Vec::splat(args.scale);
  if (args.clip > 0) {
    const Vec low = Vec::splat(-args.clip), high = Vec::splat(args.clip);
    x = max(x, low);
    x = where_less(high, x, high, x);
  }
  if (args.softcap > 0) x = tanh_lanes(x / Vec::splat(args.softcap)) * Vec::splat(args.softcap);
  return x;
}

template <class Vec>
void scale(const ScaleArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(args.features), [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      float* row = args.values + offset(t, args.stride);
      for (int i = 0; i < args.features; i += 16) {
        const int count = args.features - i < 16 ? args.features - i : 16;
        scaled(args, Vec::load_first(row + i, count)).store_first(row + i, count);
      }
    }
  });
}

template <class Vec>
void add(const AddArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, piece_of(args.features), [&](int begin, int end) {
    const Vec scale = Vec::splat(args.scale);
    for (int t = begin; t < end; ++t) {
      float* sum = args.sum + offset(t, args.features);
      const float* addend = args.addend + offset(t, args.addend_stride);
      for (int i = 0; i < args.features; i += 16) {
        const int count = args.features - i < 16 ? args.features - i : 16;
        fma(Vec::load_first(addend + i, count), scale, Vec::load_first(sum + i, count))
            .store_first(sum + i, count);
      }
    }
  });
}

}  // namespace loci::kernels
