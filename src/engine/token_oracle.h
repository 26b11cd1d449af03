// A model without a matmul, for tests and simulations: the next token is a hash of all that the sequence's
// blocks hold, position by position. Whoever reads a wrong block, a stale one or a damaged one says another
// token. So "cached = not cached", "preempted = not preempted", "moved = not moved" are checked at hundreds
// of thousands of steps a second.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "engine/executor.h"

namespace loci {

class TokenOracle {
 public:
  /// What a block holds in the place of keys and values: a state of each of its positions.
  using State = std::uint64_t;

  struct Options {
    int blocks;
    int block_tokens;
    int vocab;
    int candidates = 6;  // tokens whose logits stand out in a distribution; 1: what to say is certain
  };
  explicit TokenOracle(const Options& options);

  /// Computes the batch as a model would, into the states of the blocks. O(rows + blocks of each sequence).
  StepResult run(const Batch& batch);

  std::span<const State> states(std::uint32_t block) const {
    return {states_.data() + block * block_tokens_, block_tokens_};
  }
  /// Makes `block` hold `states`, [block_tokens].
  void write(std::uint32_t block, std::span<const State> states);
  void copy(std::uint32_t from, std::uint32_t to);
  /// `count` states of `block` from index `first` on become anything.
  void damage(std::uint32_t block, int first, int count);

 private:
  State& at(const std::uint32_t* table, std::size_t position) {
    return states_[table[position / block_tokens_] * block_tokens_ + position % block_tokens_];
  }
  State seen_before(const std::uint32_t* table, std::size_t position) const;
  void summarize(std::uint32_t block);

  std::size_t block_tokens_, vocab_;
  int candidates_;
  State block_weight_;
  std::vector<State> states_;   // [block][position in it]
  std::vector<State> digests_;  // [block] of those whose last position was computed: what its states add
  std::vector<State> step_states_;
  std::vector<float> logits_;
};

/// What the oracle says behind given tokens when each answer is its most likely token (candidates = 1): the
/// truth that a stream is compared with, O(1) a token and without any block.
class OracleStream {
 public:
  explicit OracleStream(int vocab) : vocab_(static_cast<std::uint64_t>(vocab)) {}
  /// Reads one more token; returns what comes next.
  TokenId push(TokenId token);

 private:
  std::uint64_t vocab_, seen_ = 0, weight_ = 1, position_ = 0;
};

}  // namespace loci
