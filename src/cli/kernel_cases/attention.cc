#include <algorithm>
#include <cstring>

#include "cli/kernel_cases/kernel_case.h"
#include "memory/block_table.h"
#include "memory/kv_arena.h"

namespace loci::cli {
namespace {

constexpr int kBlockTokens = 16;

/// Each of `sequences` sequences of `length` positions asks with its last `tokens`. Of all the first `shared`
/// positions lie in the same blocks.
struct AttentionShape {
  DType dtype;
  int sequences, length, tokens;
  int heads = 32, kv_heads = 8, head_dim = 128;
  int shared = 0;

  int blocks() const { return blocks_for(length, kBlockTokens); }  // of a sequence
  std::size_t kv_features() const { return static_cast<std::size_t>(kv_heads * head_dim); }
};

/// One layer's keys and values of a few sequences, several times.
class KvCopies {
 public:
  static Result<KvCopies> make(const AttentionShape& shape, std::size_t bytes) {
    const KvLayout layout{{{shape.kv_heads, shape.head_dim}}, shape.dtype, kBlockTokens};
    const auto blocks = static_cast<std::size_t>(shape.blocks() * shape.sequences);
    const std::size_t copies = std::max<std::size_t>(1, bytes / (blocks * layout.block_bytes()));
    LOCI_TRY(KvArena arena, KvArena::allocate(layout, static_cast<int>(blocks * copies)));
    return KvCopies(shape, std::move(arena), copies);
  }

  const kernels::KvView& view() const { return arena_.layers().front(); }
  std::size_t bytes() const { return arena_.bytes(); }
  /// Block tables of the next copy's sequences, round and round.
  const std::uint32_t* const* next() {
    const std::uint32_t* const* tables = &pointers_[used_ * sequences_];
    used_ = (used_ + 1) % copies_;
    return tables;
  }

  /// Writes random keys and values of one sequence, and copies them to all others.
  void fill(const AttentionShape& shape, WorkerPool& pool) {
    const std::vector<int> sequence(static_cast<std::size_t>(shape.length), 0);
    std::vector<int> positions;
    for (int p = 0; p < shape.length; ++p) positions.push_back(p);
    const std::size_t count = positions.size() * shape.kv_features();
    const std::vector<float> keys = random_floats(count, 3), values = random_floats(count, 4);
    const auto stride = static_cast<int>(shape.kv_features());
    kernels::ops_for(kernels::Isa::kReference)
        ->kv_write({.kv = view(),
                    .rows = {positions.data(), sequence.data(), pointers_.data()},
                    .keys = keys.data(),
                    .values = values.data(),
                    .tokens = shape.length,
                    .key_stride = stride,
                    .value_stride = stride},
                   pool);
    const std::size_t one = static_cast<std::size_t>(shape.blocks()) * view().block_bytes;
    pool.for_each_chunk(static_cast<int>(pointers_.size()), 1, [&](int begin, int end) {
      for (int i = std::max(begin, 1); i < end; ++i)
        std::memcpy(view().arena + static_cast<std::size_t>(i) * one, view().arena, one);
    });
  }

 private:
  KvCopies(const AttentionShape& shape, KvArena arena, std::size_t copies)
      : arena_(std::move(arena)), sequences_(static_cast<std::size_t>(shape.sequences)), copies_(copies) {
    const auto blocks = static_cast<std::size_t>(shape.blocks());
    for (std::size_t b = 0; b < blocks * sequences_ * copies_; ++b)
      table_.push_back(static_cast<std::uint32_t>(b));
    for (std::size_t s = 0; s < sequences_ * copies_; ++s) {
      pointers_.push_back(&table_[s * blocks]);
      std::copy_n(pointers_[s / sequences_ * sequences_], shape.shared / kBlockTokens, &table_[s * blocks]);
    }
  }

  KvArena arena_;
  std::size_t sequences_, copies_, used_ = 0;
  std::vector<std::uint32_t> table_;  // sequence after sequence
  std::vector<const std::uint32_t*> pointers_;
};

/// What attention and kv_write have in common: the rows of the batch and where their KV lies.
class KvCase : public KernelCase {
 public:
  KvCase(const AttentionShape& shape, KvCopies kv) : shape_(shape), kv_(std::move(kv)) {
    for (int s = 0; s < shape.sequences; ++s)
      for (int t = 0; t < shape.tokens; ++t) {
        positions_.push_back(shape.length - shape.tokens + t);
        sequence_.push_back(s);
      }
  }

 protected:
  kernels::RaggedRows rows() { return {positions_.data(), sequence_.data(), kv_.next()}; }
  int row_count() const { return shape_.sequences * shape_.tokens; }
  double token_bytes() const {
    return static_cast<double>(
        KvLayout{{{shape_.kv_heads, shape_.head_dim}}, shape_.dtype, kBlockTokens}.token_bytes());
  }

  AttentionShape shape_;
  KvCopies kv_;
  std::vector<int> positions_, sequence_;
};

class AttentionCase final : public KvCase {
 public:
  AttentionCase(const AttentionShape& shape, KvCopies kv)
      : KvCase(shape, std::move(kv)),
        width_(shape.heads * shape.head_dim),
        queries_(random_floats(static_cast<std::size_t>(row_count()) * static_cast<std::size_t>(width_), 5)),
        output_(queries_.size()) {}

  void run(const kernels::OpTable& ops, WorkerPool& pool) override {
    ops.attention({.kv = kv_.view(),
                   .rows = rows(),
                   .queries = queries_.data(),
                   .tokens = row_count(),
                   .query_stride = width_,
                   .heads = shape_.heads,
                   .scale = 0.088f,
                   .output = output_.data(),
                   .output_stride = width_},
                  pool);
  }
  std::vector<float> result() const override { return output_; }
  kernels::Work work() const override {
    double seen = 0;
    for (const int position : positions_) seen += position + 1;
    return {
        .operations = 4 * seen * width_,
        .bytes = token_bytes() * (shape_.sequences * (shape_.length - shape_.shared) + shape_.shared),
        .operands = shape_.dtype == DType::kF32 ? kernels::Operands::kFloat32 : kernels::Operands::kBFloat16};
  }

 private:
  int width_;
  std::vector<float> queries_, output_;
};

class KvWriteCase final : public KvCase {
 public:
  KvWriteCase(const AttentionShape& shape, KvCopies kv)
      : KvCase(shape, std::move(kv)),
        keys_(random_floats(static_cast<std::size_t>(row_count()) * shape.kv_features(), 6)),
        values_(random_floats(keys_.size(), 7)) {}

  void run(const kernels::OpTable& ops, WorkerPool& pool) override {
    const auto stride = static_cast<int>(shape_.kv_features());
    ops.kv_write({.kv = kv_.view(),
                  .rows = rows(),
                  .keys = keys_.data(),
                  .values = values_.data(),
                  .tokens = row_count(),
                  .key_stride = stride,
                  .value_stride = stride},
                 pool);
  }
  /// The bytes of the arena: every implementation rounds alike.
  std::vector<float> result() const override {
    std::vector<float> bytes;
    for (std::size_t i = 0; i < kv_.bytes(); ++i)
      bytes.push_back(static_cast<float>(std::to_integer<int>(kv_.view().arena[i])));
    return bytes;
  }
  kernels::Work work() const override {
    return {.bytes = row_count() *
                     (token_bytes() + 2.0 * static_cast<double>(shape_.kv_features()) * sizeof(float))};
  }

 private:
  std::vector<float> keys_, values_;
};

template <class Case>
NamedCase named_case(std::string name, double error_allowed, const AttentionShape& shape) {
  return {std::move(name), error_allowed,
          [shape](const CaseSize& size, WorkerPool& pool) -> Result<std::unique_ptr<KernelCase>> {
            AttentionShape used = shape;
            if (size.small)
              used = {.dtype = shape.dtype,
                      .sequences = std::min(shape.sequences, 3),
                      .length = 211,
                      .tokens = std::min(shape.tokens, 9),
                      .heads = 4,
                      .kv_heads = 2,
                      .head_dim = 64,
                      .shared = shape.shared > 0 ? 160 : 0};
            LOCI_TRY(KvCopies kv,
                     KvCopies::make(used, size.small || shape.tokens > 1 ? 0 : size.stream_bytes));
            kv.fill(used, pool);
            return std::make_unique<Case>(used, std::move(kv));
          }};
}

}  // namespace

void add_attention_cases(std::vector<NamedCase>& cases) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kI8, DType::kF8_E4M3}) {
    const std::string_view type = traits(dtype).name;
    const double allowed = dtype == DType::kF32 ? kSameNumbers : kSameWithin16Bits;
    cases.push_back(named_case<AttentionCase>(fmt::format("attention/{}/decode:1x4096", type), allowed,
                                              {.dtype = dtype, .sequences = 1, .length = 4096, .tokens = 1}));
    cases.push_back(named_case<AttentionCase>(fmt::format("attention/{}/decode:16x512", type), allowed,
                                              {.dtype = dtype, .sequences = 16, .length = 512, .tokens = 1}));
    cases.push_back(named_case<AttentionCase>(
        fmt::format("attention/{}/shared:16x4096", type), allowed,
        {.dtype = dtype, .sequences = 16, .length = 4096 + 64, .tokens = 1, .shared = 4096}));
    if (dtype == DType::kBF16)  // what sharing saves; 273 MB, twice that in F32
      cases.push_back(
          named_case<AttentionCase>(fmt::format("attention/{}/alone:16x4096", type), allowed,
                                    {.dtype = dtype, .sequences = 16, .length = 4096 + 64, .tokens = 1}));
    cases.push_back(
        named_case<AttentionCase>(fmt::format("attention/{}/prefill:512", type), allowed,
                                  {.dtype = dtype, .sequences = 1, .length = 512, .tokens = 512}));
    cases.push_back(
        named_case<AttentionCase>(fmt::format("attention/{}/prefill:512of4096", type), allowed,
                                  {.dtype = dtype, .sequences = 1, .length = 4096, .tokens = 512}));
    cases.push_back(named_case<KvWriteCase>(fmt::format("kv_write/{}/tokens:512", type), 0,
                                            {.dtype = dtype, .sequences = 1, .length = 512, .tokens = 512}));
    cases.push_back(named_case<KvWriteCase>(fmt::format("kv_write/{}/tokens:1x16", type), 0,
                                            {.dtype = dtype, .sequences = 16, .length = 512, .tokens = 1}));
  }
}

}  // namespace loci::cli
