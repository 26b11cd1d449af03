#include "kernels/activation.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {

void activate(const ActivateArgs& args, WorkerPool& pool) {
  const int stride = args.gated ? 2 * args.features : args.features;
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const float* input = args.input + static_cast<std::ptrdiff_t>(t) * stride;
      float* output = args.output + static_cast<std::ptrdiff_t>(t) * args.features;
      for (int i = 0; i < args.features; ++i) {
        const float active = activation(args.kind, input[i]);
        output[i] = args.gated ? active * input[args.features + i] : active;
      }
    }
  });
}

}  // namespace loci::kernels::ref
