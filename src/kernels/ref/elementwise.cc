#include <cmath>

#include "kernels/math.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

float clipped(float x, float limit) {
  const float above = x > -limit ? x : -limit;
  return above > limit ? limit : above;
}

}  // namespace

void scale(const ScaleArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      float* row = args.values + static_cast<std::ptrdiff_t>(t) * args.stride;
      for (int i = 0; i < args.features; ++i) {
        float x = row[i] * args.scale;
        if (args.clip > 0) x = clipped(x, args.clip);
        if (args.softcap > 0) x = tanh_approx(x / args.softcap) * args.softcap;
        row[i] = x;
      }
    }
  });
}

void add(const AddArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      float* sum = args.sum + static_cast<std::ptrdiff_t>(t) * args.features;
      const float* addend = args.addend + static_cast<std::ptrdiff_t>(t) * args.addend_stride;
      for (int i = 0; i < args.features; ++i) sum[i] = std::fma(addend[i], args.scale, sum[i]);
    }
  });
}

}  // namespace loci::kernels::ref
