// A model without a matmul: the next token is a hash of all that the sequence's blocks hold, position by
// position. Whoever reads a wrong block, a stale one or a damaged one says another token. So "cached = not
// cached", "preempted = not preempted" are checked at hundreds of thousands of steps a second.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/check.h"
#include "engine/executor.h"

namespace loci::testing {

class OracleExecutor final : public Executor {
 public:
  OracleExecutor(int blocks, int host_blocks, int block_tokens, int vocab)
      : block_tokens_(static_cast<std::size_t>(block_tokens)),
        vocab_(static_cast<std::size_t>(vocab)),
        fast_(static_cast<std::size_t>(blocks) * block_tokens_),
        host_(static_cast<std::size_t>(host_blocks) * block_tokens_),
        host_keys_(static_cast<std::size_t>(host_blocks)) {}

  StepResult run(const Batch& batch) override {
    ++runs;
    if (fail_at && runs == *fail_at) fail(batch);
    states_.resize(batch.tokens.size());
    std::uint64_t seen = 0;  // sum over the positions before the row
    for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
      const bool begins = row == 0 || batch.sequences[row] != batch.sequences[row - 1];
      const std::uint32_t* table = batch.tables[static_cast<std::size_t>(batch.sequences[row])];
      const auto position = static_cast<std::size_t>(batch.positions[row]);
      if (begins) {
        seen = 0;
        for (std::size_t p = 0; p < position; ++p) seen += spread(at(table, p), p);
      } else {
        LOCI_CHECK(batch.positions[row] == batch.positions[row - 1] + 1);
      }
      const auto token = static_cast<std::uint64_t>(batch.tokens[row]);
      states_[row] = at(table, position) = mix(seen ^ mix(token + 1) ^ position << 40);
      seen += spread(states_[row], position);
    }
    logits_.assign(batch.logits_rows.size() * vocab_, -30.0f);
    for (std::size_t i = 0; i < batch.logits_rows.size(); ++i) {
      std::uint64_t state = states_[static_cast<std::size_t>(batch.logits_rows[i])];
      for (int candidate = 0; candidate < 6; ++candidate, state = mix(state))
        logits_[i * vocab_ + state % vocab_] = static_cast<float>(state >> 40) * 0x1p-22f;
    }
    return {logits_, static_cast<int>(vocab_)};
  }

  void copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) override {
    for (std::size_t i = 0; i < copies.size(); ++i) {
      const BlockCopy& copy = copies[i];
      const bool from_host = copy.move == BlockMove::kFromHost, to_host = copy.move == BlockMove::kToHost;
      const std::uint64_t* from = (from_host ? host_ : fast_).data() + copy.from * block_tokens_;
      std::uint64_t* to = (to_host ? host_ : fast_).data() + copy.to * block_tokens_;
      std::copy_n(from, block_tokens_, to);
      if (to_host) host_keys_[copy.to] = copy.key;
      if (!from_host) continue;
      LOCI_CHECK(host_keys_[copy.from] == copy.key);
      if (damage_every == 0 || ++fetched_ % damage_every != 0) continue;
      std::fill_n(to, block_tokens_, std::uint64_t{0xDEAD});
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
    for (std::size_t row = 0; row < batch.tokens.size(); ++row)
      at(batch.tables[static_cast<std::size_t>(batch.sequences[row])],
         static_cast<std::size_t>(batch.positions[row])) = 0xDEAD;
    throw std::runtime_error("injected");
  }
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93ull;
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93ull;
    return x ^ x >> 32;
  }
  static std::uint64_t spread(std::uint64_t state, std::size_t position) {
    return std::rotl(state, static_cast<int>(position % 63)) * (2 * position + 1);
  }
  std::uint64_t& at(const std::uint32_t* table, std::size_t position) {
    return fast_[table[position / block_tokens_] * block_tokens_ + position % block_tokens_];
  }

  std::size_t block_tokens_, vocab_;
  std::vector<std::uint64_t> fast_, host_;  // [block][position in it]
  std::vector<BlockKey> host_keys_;
  std::vector<std::uint64_t> states_;
  std::vector<float> logits_;
  int fetched_ = 0;
};

}  // namespace loci::testing
