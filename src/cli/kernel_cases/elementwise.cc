#include <algorithm>

#include "cli/kernel_cases/kernel_case.h"
#include "cli/kernel_cases/weight_copies.h"
#include "tensor/random/random_weights.h"

namespace loci::cli {
namespace {

using kernels::OpTable;

constexpr int kFeatures = 4096, kSmallFeatures = 83;  // the small one has a tail on every vector width
constexpr int kMany = 512;

struct Vectors {
  std::vector<float> input, other, output;
};

/// An op on vectors of `features` numbers a token.
struct VectorOp {
  const char* name;
  int input_width;    // numbers of the input for each of the output
  double moved;       // numbers read and written for each of the output, if no cache holds them
  double operations;  // for each of the output; exponentials count as nothing
  void (*call)(Vectors&, int tokens, int features, const OpTable&, WorkerPool&);
};

class VectorCase final : public KernelCase {
 public:
  VectorCase(const VectorOp& op, Vectors vectors, int tokens, int features)
      : op_(op), vectors_(std::move(vectors)), tokens_(tokens), features_(features) {}

  void run(const OpTable& ops, WorkerPool& pool) override {
    op_.call(vectors_, tokens_, features_, ops, pool);
  }
  std::vector<float> result() const override { return vectors_.output; }
  kernels::Work work() const override {
    const double count = double{1} * tokens_ * features_;
    return {.operations = op_.operations * count, .bytes = op_.moved * count * sizeof(float)};
  }

 private:
  const VectorOp& op_;
  Vectors vectors_;
  int tokens_, features_;
};

void norm(Vectors& d, int tokens, int features, kernels::NormKind kind, const OpTable& ops,
          WorkerPool& pool) {
  const bool bias = kind == kernels::NormKind::kLayer;
  ops.norm({.kind = kind,
            .input = d.input.data(),
            .weight = d.other.data(),
            .bias = bias ? d.other.data() : nullptr,
            .epsilon = 1e-5f,
            .tokens = tokens,
            .groups = 1,
            .features = features,
            .input_stride = features,
            .output = d.output.data(),
            .output_stride = features},
           pool);
}

void activate(Vectors& d, int tokens, int features, kernels::Activation kind, bool gated, const OpTable& ops,
              WorkerPool& pool) {
  ops.activate({.kind = kind,
                .gated = gated,
                .input = d.input.data(),
                .tokens = tokens,
                .features = features,
                .output = d.output.data()},
               pool);
}

int head_dim(int features) {
  return features >= 128 ? 128 : features / 2 * 2;
}

constexpr VectorOp kOps[] = {
    {"norm/rms", 1, 2, 4,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       norm(d, tokens, features, kernels::NormKind::kRms, ops, pool);
     }},
    {"norm/layer", 1, 2, 6,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       norm(d, tokens, features, kernels::NormKind::kLayer, ops, pool);
     }},
    {"rope", 0, 2, 3,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       const int dim = head_dim(features);
       const float* cos = d.other.data();
       ops.rope({.heads = d.output.data(),
                 .tokens = tokens,
                 .stride = features,
                 .head_count = features / dim,
                 .head_dim = dim,
                 .rotary_dim = dim,
                 .cos = cos,
                 .sin = cos + tokens * dim / 2},
                pool);
     }},
    {"activate/silu-gated", 2, 3, 0,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       activate(d, tokens, features, kernels::Activation::kSilu, true, ops, pool);
     }},
    {"activate/gelu", 1, 2, 0,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       activate(d, tokens, features, kernels::Activation::kGelu, false, ops, pool);
     }},
    {"scale", 0, 2, 1,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       ops.scale({.values = d.output.data(),
                  .tokens = tokens,
                  .features = features,
                  .stride = features,
                  .scale = -1},
                 pool);
     }},
    {"scale/softcap", 0, 2, 1,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       ops.scale({.values = d.output.data(),
                  .tokens = tokens,
                  .features = features,
                  .stride = features,
                  .scale = 1.01f,
                  .softcap = 30},
                 pool);
     }},
    {"add", 1, 3, 2,
     [](Vectors& d, int tokens, int features, const OpTable& ops, WorkerPool& pool) {
       ops.add({.sum = d.output.data(),
                .addend = d.input.data(),
                .tokens = tokens,
                .features = features,
                .addend_stride = features,
                .scale = 0.5f},
               pool);
     }},
};

/// The output is random too, because some ops work in place.
std::unique_ptr<KernelCase> make_vector_case(const VectorOp& op, int tokens, int features, bool small) {
  const std::size_t count = static_cast<std::size_t>(tokens) * static_cast<std::size_t>(features);
  const int padded = (features + kernels::kPanelRows - 1) / kernels::kPanelRows * kernels::kPanelRows;
  Vectors vectors{random_floats(static_cast<std::size_t>(tokens * padded * op.input_width), 8),
                  random_floats(count, 9), random_floats(count, 10)};
  // A rotation that is repeated must not change lengths, or the numbers would vanish: cos = sin, of 45
  // degrees.
  if (!small) std::ranges::fill(vectors.other, 0.70710678f);
  return std::make_unique<VectorCase>(op, std::move(vectors), tokens, features);
}

/// Rows of a table, anywhere in it.
class EmbedCase final : public KernelCase {
 public:
  EmbedCase(DType dtype, WeightCopies table, int rows, int columns, int tokens)
      : dtype_(dtype),
        table_(std::move(table)),
        columns_(columns),
        output_(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(columns)) {
    for (int t = 0; t < tokens; ++t) ids_.push_back(static_cast<TokenId>(std::int64_t{t} * 7919 % rows));
  }
  void run(const OpTable& ops, WorkerPool& pool) override {
    ops.embed({table_.next(), ids_.data(), static_cast<int>(ids_.size()), output_.data()}, pool);
  }
  std::vector<float> result() const override { return output_; }
  kernels::Work work() const override {
    const std::size_t row = row_bytes(dtype_, static_cast<std::size_t>(columns_));
    return {.bytes = static_cast<double>(ids_.size() * row + output_.size() * sizeof(float))};
  }

 private:
  DType dtype_;
  WeightCopies table_;
  int columns_;
  std::vector<TokenId> ids_;
  std::vector<float> output_;
};

Result<std::unique_ptr<KernelCase>> make_embed_case(DType dtype, int tokens, const CaseSize& size,
                                                    WorkerPool& pool) {
  const int rows = size.small ? 37 : 32000, columns = size.small ? 512 : kFeatures;
  LOCI_TRY(WeightCopies table, WeightCopies::make(dtype, rows, columns, 0, pool));
  return std::make_unique<EmbedCase>(dtype, std::move(table), rows, columns, tokens);
}

}  // namespace

void add_elementwise_cases(std::vector<NamedCase>& cases) {
  for (const DType dtype :
       {DType::kF32, DType::kBF16, DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ6_K})
    cases.push_back({fmt::format("embed/{}/tokens:{}", traits(dtype).name, kMany), kSameNumbers,
                     [dtype](const CaseSize& size, WorkerPool& pool) {
                       return make_embed_case(dtype, size.small ? 9 : kMany, size, pool);
                     }});
  for (const VectorOp& op : kOps)
    for (const int tokens : {1, kMany})
      cases.push_back(
          {fmt::format("{}/tokens:{}", op.name, tokens), kSameNumbers,
           [&op, tokens](const CaseSize& size, WorkerPool&) -> Result<std::unique_ptr<KernelCase>> {
             return size.small ? make_vector_case(op, std::min(tokens, 5), kSmallFeatures, true)
                               : make_vector_case(op, tokens, kFeatures, false);
           }});
}

}  // namespace loci::cli
