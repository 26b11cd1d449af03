// The token oracle as an executor whose blocks also lie in a host tier, and whose steps and copies can fail.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/check.h"
#include "engine/token_oracle.h"

namespace loci::testing {

class OracleExecutor final : public Executor {
 public:
  OracleExecutor(int blocks, int host_blocks, int block_tokens, int vocab)
      : block_tokens_(block_tokens),
        host_begin_(static_cast<std::uint32_t>(blocks)),
        oracle_({.blocks = blocks + host_blocks, .block_tokens = block_tokens, .vocab = vocab}),
        host_keys_(static_cast<std::size_t>(host_blocks)) {}

  StepResult run(const Batch& batch) override {
    ++runs;
    if (fail_at && runs == *fail_at) fail(batch);
    return oracle_.run(batch);
  }

  void copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) override {
    for (std::size_t i = 0; i < copies.size(); ++i) {
      const BlockCopy& copy = copies[i];
      const bool from_host = copy.move == BlockMove::kFromHost, to_host = copy.move == BlockMove::kToHost;
      oracle_.copy(copy.from + (from_host ? host_begin_ : 0), copy.to + (to_host ? host_begin_ : 0));
      if (to_host) host_keys_[copy.to] = copy.key;
      if (!from_host) continue;
      LOCI_CHECK(host_keys_[copy.from] == copy.key);
      if (damage_every == 0 || ++fetched_ % damage_every != 0) continue;
      oracle_.damage(copy.to, 0, block_tokens_);
      damaged.push_back(static_cast<int>(i));
    }
    copied += copies.size();
  }

  std::uint64_t runs = 0, copied = 0;
  int damage_every = 0;                  // every n-th block from the host tier is broken; 0: none
  std::optional<std::uint64_t> fail_at;  // this run throws

 private:
  /// What the step was to write may be anything.
  [[noreturn]] void fail(const Batch& batch) {
    for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
      const std::uint32_t* table = batch.tables[static_cast<std::size_t>(batch.sequences[row])];
      const int position = batch.positions[row];
      oracle_.damage(table[position / block_tokens_], position % block_tokens_, 1);
    }
    throw std::runtime_error("injected");
  }

  int block_tokens_;
  std::uint32_t host_begin_;  // the first block of the host tier
  TokenOracle oracle_;
  std::vector<BlockKey> host_keys_;
  int fetched_ = 0;
};

}  // namespace loci::testing
