#include "kernels/math.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {

void silu_mul(const SiluMulArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const float* gate = args.gate_up + static_cast<std::ptrdiff_t>(t) * 2 * args.features;
      const float* up = gate + args.features;
      float* output = args.output + static_cast<std::ptrdiff_t>(t) * args.features;
      for (int i = 0; i < args.features; ++i) output[i] = gate[i] / (1.0f + exp_approx(-gate[i])) * up[i];
    }
  });
}

}  // namespace loci::kernels::ref
