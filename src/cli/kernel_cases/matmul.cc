#include "cli/kernel_cases/kernel_case.h"
#include "cli/kernel_cases/weight_copies.h"
#include "tensor/formats/format.h"
#include "tensor/random/random_weights.h"

namespace loci::cli {
namespace {

using kernels::MatmulArgs;

constexpr int kFewTokens = 32;  // up to which weights are streamed: the multipliers have time

struct MatmulShape {
  DType dtype;
  int rows, columns, tokens;
};

class MatmulCase final : public KernelCase {
 public:
  MatmulCase(const MatmulShape& shape, WeightCopies weights)
      : shape_(shape),
        weights_(std::move(weights)),
        input_(random_floats(static_cast<std::size_t>(shape.tokens) * static_cast<std::size_t>(shape.columns),
                             2)),
        output_(static_cast<std::size_t>(shape.tokens) * static_cast<std::size_t>(shape.rows)) {}

  void run(const kernels::OpTable& ops, WorkerPool& pool) override {
    ops.matmul({.weight = weights_.next(),
                .input = input_.data(),
                .tokens = shape_.tokens,
                .mode = kernels::MatmulOutput::kStore,
                .output = output_.data(),
                .output_stride = shape_.rows},
               pool);
  }
  std::vector<float> result() const override { return output_; }
  kernels::Work work() const override {
    return {.operations = 2.0 * shape_.rows * shape_.columns * shape_.tokens,
            .bytes = static_cast<double>(weights_.matrix_bytes()),
            .arithmetic = kernels::arithmetic_for(shape_.dtype)};
  }

 private:
  MatmulShape shape_;
  WeightCopies weights_;
  std::vector<float> input_, output_;
};

}  // namespace

void add_matmul_cases(std::vector<NamedCase>& cases) {
  for (const Format& format : formats()) {
    const DType dtype = format.dtype;
    if (!kernels::is_packable(dtype) || !can_be_random(dtype)) continue;
    for (const int tokens : {1, 4, 16, 512})
      cases.push_back(
          {fmt::format("matmul/{}/tokens:{}", format.traits.name, tokens), kSameNumbers,
           [dtype, tokens](const CaseSize& size, WorkerPool& pool) -> Result<std::unique_ptr<KernelCase>> {
             const MatmulShape shape =
                 size.small ? MatmulShape{dtype, 2 * kernels::kPanelRows + 5, 512, std::min(tokens, 35)}
                            : MatmulShape{dtype, 4096, 4096, tokens};
             LOCI_TRY(WeightCopies weights,
                      WeightCopies::make(dtype, shape.rows, shape.columns,
                                         tokens <= kFewTokens && !size.small ? size.stream_bytes : 0, pool));
             return std::make_unique<MatmulCase>(shape, std::move(weights));
           }});
  }
}

}  // namespace loci::cli
