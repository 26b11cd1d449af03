#include "kernels/activation.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {

void activate(const ActivateArgs& args, WorkerPool& pool) {
  const int stride = args.gated ? gated_width(args.features) : args.features;
  pool.for_each_chunk(args.tokens, 1, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      const float* input = args.input + static_cast<std::ptrdiff_t>(t) * stride;
      float* output = args.output + static_cast<std::ptrdiff_t>(t) * args.features;
      for (int i = 0; i < args.features; ++i) {
        const float* x = input + (args.gated ? i + i / kPanelRows * kPanelRows : i);
        const float active = activation(args.kind, *x);
        output[i] = args.gated ? active * x[kPanelRows] : active;
      }
    }
  });
}

}  // namespace loci::kernels::ref
