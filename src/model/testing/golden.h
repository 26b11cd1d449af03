// What the tests against goldens share: reading them, and running one sequence of a model.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <span>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "model/model.h"
#include "testing/paths.h"

namespace loci::testing {

inline constexpr int kBlockTokens = 16;
inline constexpr int kMaxTokens = 512;

inline std::vector<TokenId> read_ids(const json::value& list) {
  std::vector<TokenId> ids;
  for (const json::value& id : list.as_array()) ids.push_back(static_cast<TokenId>(id.as_int64()));
  return ids;
}

inline std::vector<float> read_floats(const json::value& where, std::span<const std::byte> file) {
  const auto offset = static_cast<std::size_t>(where.at("offset").as_int64());
  const auto rows = static_cast<std::size_t>(where.at("shape").at(0).as_int64());
  std::vector<float> values(rows * static_cast<std::size_t>(where.at("shape").at(1).as_int64()));
  std::memcpy(values.data(), file.subspan(offset, values.size() * sizeof(float)).data(),
              values.size() * sizeof(float));
  return values;
}

/// One sequence of one model, with a KV cache of its own.
class Runner {
 public:
  Runner(const Model& model, const kernels::OpTable& ops, int threads = 1)
      : model_(model), ops_(ops), pool_(threads), workspace_(model.spec(), {kMaxTokens, kMaxTokens}) {
    std::size_t block_bytes = 0;
    for (const LayerSpec& layer : model.spec().layers) {
      const auto half =
          static_cast<std::size_t>(layer.attention.kv_features() * kBlockTokens) * sizeof(float);
      views_.push_back({nullptr, DType::kF32, 0, block_bytes, block_bytes + half, kBlockTokens,
                        layer.attention.kv_heads, layer.attention.head_dim});
      block_bytes += 2 * half;
    }
    cache_.resize(block_bytes * kMaxTokens / kBlockTokens);
    for (kernels::KvView& view : views_) {
      view.arena = cache_.data();
      view.block_bytes = block_bytes;
    }
    table_.resize(kMaxTokens / kBlockTokens);
    std::iota(table_.rbegin(), table_.rend(), 0u);  // blocks lie in no particular order
  }

  /// Computes `tokens` at the next positions in one batch; the logits of each of them, [tokens][vocab].
  std::span<const float> feed(std::span<const TokenId> tokens) {
    std::vector<int> positions(tokens.size()), sequences(tokens.size(), 0), rows(tokens.size());
    std::iota(positions.begin(), positions.end(), position_);
    std::iota(rows.begin(), rows.end(), 0);
    const std::uint32_t* tables[] = {table_.data()};
    model_.forward({tokens, positions, sequences, tables, rows}, views_, workspace_, ops_, pool_);
    position_ += static_cast<int>(tokens.size());
    return std::span(workspace_.logits)
        .first(tokens.size() * static_cast<std::size_t>(model_.spec().vocab_size));
  }

  /// As feed(), in chunks of at most `chunk` tokens.
  std::vector<float> feed_chunked(std::span<const TokenId> tokens, std::size_t chunk) {
    std::vector<float> all;
    for (std::size_t i = 0; i < tokens.size(); i += chunk) {
      const auto part = feed(tokens.subspan(i, std::min(chunk, tokens.size() - i)));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

 private:
  const Model& model_;
  const kernels::OpTable& ops_;
  WorkerPool pool_;
  Workspace workspace_;
  std::vector<std::byte> cache_;
  std::vector<kernels::KvView> views_;
  std::vector<std::uint32_t> table_;
  int position_ = 0;
};

/// Largest |got - want| of a row over its largest |want|, over all rows.
inline double worst_row_error(std::span<const float> got, std::span<const float> want, std::size_t vocab) {
  EXPECT_EQ(got.size(), want.size());
  double worst = 0;
  for (std::size_t row = 0; row + vocab <= want.size(); row += vocab) {
    double difference = 0, largest = 0;
    for (std::size_t i = row; i < row + vocab; ++i) {
      difference = std::max(difference, std::abs(double{got[i]} - want[i]));
      largest = std::max(largest, std::abs(double{want[i]}));
    }
    worst = std::max(worst, difference / largest);
  }
  return worst;
}

/// Those that agree bit for bit: without products of BF16, which have an order of their own.
inline std::vector<const kernels::OpTable*> op_tables() {
  static const std::vector<kernels::OpTable> tables = [] {
    std::vector<kernels::OpTable> present{*kernels::ops_for(kernels::Isa::kReference)};
    for (const auto isa : kernels::kSimdIsas)
      if (const auto* ops = kernels::ops_for(isa)) {
        present.push_back(*ops);
        present.back().round = nullptr;
      }
    return present;
  }();
  std::vector<const kernels::OpTable*> pointers;
  for (const kernels::OpTable& ops : tables) pointers.push_back(&ops);
  return pointers;
}

/// Those with products of BF16.
inline std::vector<const kernels::OpTable*> bf16_tables() {
  std::vector<const kernels::OpTable*> tables;
  for (const auto isa : {kernels::Isa::kAvx512Bf16, kernels::Isa::kAmx})
    if (const auto* ops = kernels::ops_for(isa)) tables.push_back(ops);
  return tables;
}

}  // namespace loci::testing
