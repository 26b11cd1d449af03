#include "cli/kernel_cases/kernel_case.h"
#include "cli/kernel_cases/weight_copies.h"
#include "tensor/formats/format.h"
#include "tensor/formats/integer_block.h"
#include "tensor/random/random_weights.h"

namespace loci::cli {
namespace {

using kernels::MatmulArgs;

constexpr int kFewTokens = 32;  // up to which weights are streamed: the multipliers have time

struct MatmulShape {
  DType dtype;
  int rows, columns, tokens;
  bool native;  // integer arithmetic, or BF16 where there is such: the inputs are rounded, which is timed too
};

class MatmulCase final : public KernelCase {
 public:
  MatmulCase(const MatmulShape& shape, WeightCopies weights)
      : shape_(shape),
        weights_(std::move(weights)),
        input_(random_floats(static_cast<std::size_t>(shape.tokens) * static_cast<std::size_t>(shape.columns),
                             2)),
        bytes_(shape.native && !is_float(shape.dtype) && !scaled() ? blocks() : 0),
        rounded_(shape.native && is_float(shape.dtype) ? blocks() : 0),
        scaled_(scaled() ? blocks() : 0),
        scales_(static_cast<std::size_t>(shape.tokens)),
        output_(static_cast<std::size_t>(shape.tokens) * static_cast<std::size_t>(shape.rows)) {}

  void run(const kernels::OpTable& ops, WorkerPool& pool) override {
    MatmulArgs args{.weight = weights_.next(),
                    .input = input_.data(),
                    .tokens = shape_.tokens,
                    .mode = kernels::MatmulOutput::kStore,
                    .output = output_.data(),
                    .output_stride = shape_.rows};
    if (!bytes_.empty()) {
      ops.quantize({input_.data(), shape_.tokens, shape_.columns, nullptr, bytes_.data()}, pool);
      args.quantized = bytes_.data();
    }
    if (!rounded_.empty() && ops.round != nullptr) {
      ops.round({input_.data(), shape_.tokens, shape_.columns, rounded_.data()}, pool);
      args.rounded = rounded_.data();
    }
    if (scaled()) {
      args.scaled = {scaled_.data(), scales_.data()};
      ops.quantize({input_.data(), shape_.tokens, shape_.columns, nullptr, nullptr, args.scaled}, pool);
    }
    ops.matmul(args, pool);
  }
  std::vector<float> result() const override { return output_; }
  kernels::Work work() const override {
    return {.operations = 2.0 * shape_.rows * shape_.columns * shape_.tokens,
            .bytes = static_cast<double>(weights_.matrix_bytes()),
            .operands = shape_.native ? kernels::operands_for(shape_.dtype) : kernels::Operands::kFloat32};
  }

 private:
  /// Of any kind: those of 64 columns need half as many.
  std::size_t blocks() const {
    return static_cast<std::size_t>(shape_.tokens * (shape_.columns / kernels::kQuantizedColumns));
  }
  bool scaled() const { return shape_.native && shape_.dtype == DType::kW8A8; }

  MatmulShape shape_;
  WeightCopies weights_;
  std::vector<float> input_;
  std::vector<kernels::QuantizedBlock> bytes_;
  std::vector<kernels::RoundedBlock> rounded_;
  std::vector<kernels::ScaledBlock> scaled_;
  std::vector<kernels::RowScale> scales_;
  std::vector<float> output_;
};

/// Rows to bytes.
class QuantizeCase final : public KernelCase {
 public:
  QuantizeCase(int tokens, int columns)
      : tokens_(tokens),
        columns_(columns),
        input_(random_floats(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(columns), 3)),
        bytes_(input_.size() / kernels::kQuantizedColumns) {}

  void run(const kernels::OpTable& ops, WorkerPool& pool) override {
    ops.quantize({input_.data(), tokens_, columns_, nullptr, bytes_.data()}, pool);
  }
  std::vector<float> result() const override {
    std::vector<float> values;
    for (const kernels::QuantizedBlock& block : bytes_)
      for (const std::int8_t code : block.codes) values.push_back(block.scale * static_cast<float>(code));
    return values;
  }
  kernels::Work work() const override {
    const auto elements = static_cast<double>(input_.size());
    return {.operations = 3 * elements,  // magnitude, product, rounding
            .bytes = elements * sizeof(float) +
                     static_cast<double>(bytes_.size() * sizeof(kernels::QuantizedBlock))};
  }

 private:
  int tokens_, columns_;
  std::vector<float> input_;
  std::vector<kernels::QuantizedBlock> bytes_;
};

NamedCase quantize_case(int tokens) {
  return {fmt::format("quantize/tokens:{}", tokens), 0,
          [tokens](const CaseSize& size, WorkerPool&) -> Result<std::unique_ptr<KernelCase>> {
            return std::make_unique<QuantizeCase>(size.small ? std::min(tokens, 35) : tokens,
                                                  size.small ? 160 : 4096);
          }};
}

NamedCase matmul_case(DType dtype, int tokens, bool native) {
  return {fmt::format("matmul{}/{}/tokens:{}", native ? "" : "_f32", traits(dtype).name, tokens),
          native && is_float(dtype) ? kSameWithin16Bits : kSameNumbers,
          [=](const CaseSize& size, WorkerPool& pool) -> Result<std::unique_ptr<KernelCase>> {
            const MatmulShape shape = size.small ? MatmulShape{dtype, 2 * kernels::kPanelRows + 5, 512,
                                                               std::min(tokens, 35), native}
                                                 : MatmulShape{dtype, 4096, 4096, tokens, native};
            LOCI_TRY(WeightCopies weights,
                     WeightCopies::make(dtype, shape.rows, shape.columns,
                                        tokens <= kFewTokens && !size.small ? size.stream_bytes : 0, pool));
            return std::make_unique<MatmulCase>(shape, std::move(weights));
          }};
}

}  // namespace

void add_matmul_cases(std::vector<NamedCase>& cases) {
  for (const int tokens : {1, 16, 512}) cases.push_back(quantize_case(tokens));
  for (const Format& format : formats()) {
    if (!kernels::is_packable(format.dtype) || !can_be_random(format.dtype)) continue;
    for (const int tokens : {1, 4, 16, 32, 512}) {
      if (integer_format(format.dtype) != nullptr || format.dtype == DType::kBF16 ||
          format.dtype == DType::kW8A8)
        cases.push_back(matmul_case(format.dtype, tokens, true));
      cases.push_back(matmul_case(format.dtype, tokens, false));
    }
  }
}

}  // namespace loci::cli
