#include "engine/token_oracle.h"

#include <algorithm>

#include "base/check.h"

namespace loci {
namespace {

using State = TokenOracle::State;

State mix(State x) {
  x = (x ^ x >> 32) * 0xD6E8FEB86659FD93ull;
  x = (x ^ x >> 32) * 0xD6E8FEB86659FD93ull;
  return x ^ x >> 32;
}

/// The state of a position: of its token, and of what all positions before it add up to.
State state_of(State seen, TokenId token, std::uint64_t position) {
  return mix(seen ^ mix(static_cast<State>(token) + 1) ^ position << 40);
}

/// What position p adds for those behind it is its state times kWeight^p: where it stands matters, and a
/// block adds the sum over its own positions times the weight of its first.
constexpr State kWeight = 0x9E3779B97F4A7C15;

constexpr State weight_of(std::uint64_t position) {
  State power = 1, square = kWeight;
  for (; position > 0; position >>= 1, square *= square)
    if (position & 1) power *= square;
  return power;
}

}  // namespace

TokenOracle::TokenOracle(const Options& options)
    : block_tokens_(static_cast<std::size_t>(options.block_tokens)),
      vocab_(static_cast<std::size_t>(options.vocab)),
      candidates_(options.candidates),
      block_weight_(weight_of(block_tokens_)),
      states_(static_cast<std::size_t>(options.blocks) * block_tokens_),
      digests_(static_cast<std::size_t>(options.blocks)) {}

StepResult TokenOracle::run(const Batch& batch) {
  step_states_.resize(batch.tokens.size());
  State seen = 0, weight = 1;
  for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
    const bool begins = row == 0 || batch.sequences[row] != batch.sequences[row - 1];
    const std::uint32_t* table = batch.tables[static_cast<std::size_t>(batch.sequences[row])];
    const auto position = static_cast<std::size_t>(batch.positions[row]);
    if (begins) seen = seen_before(table, position), weight = weight_of(position);
    LOCI_CHECK(begins || batch.positions[row] == batch.positions[row - 1] + 1);
    step_states_[row] = at(table, position) = state_of(seen, batch.tokens[row], position);
    seen += step_states_[row] * weight;
    weight *= kWeight;
    if ((position + 1) % block_tokens_ == 0) summarize(table[position / block_tokens_]);
  }
  logits_.assign(batch.logits_rows.size() * vocab_, -30.0f);
  for (std::size_t i = 0; i < batch.logits_rows.size(); ++i) {
    State state = step_states_[static_cast<std::size_t>(batch.logits_rows[i])];
    for (int candidate = 0; candidate < candidates_; ++candidate, state = mix(state))
      logits_[i * vocab_ + state % vocab_] = static_cast<float>(state >> 40) * 0x1p-22f;
  }
  return {logits_, static_cast<int>(vocab_)};
}

/// The sum over the positions before `position`.
State TokenOracle::seen_before(const std::uint32_t* table, std::size_t position) const {
  State seen = 0, weight = 1;
  const std::size_t whole = position / block_tokens_;
  for (std::size_t block = 0; block < whole; ++block, weight *= block_weight_)
    seen += digests_[table[block]] * weight;
  for (std::size_t i = 0; i < position % block_tokens_; ++i, weight *= kWeight)
    seen += states(table[whole])[i] * weight;
  return seen;
}

void TokenOracle::summarize(std::uint32_t block) {
  State sum = 0, weight = 1;
  for (const State state : states(block)) sum += state * weight, weight *= kWeight;
  digests_[block] = sum;
}

void TokenOracle::write(std::uint32_t block, std::span<const State> states) {
  LOCI_CHECK(states.size() == block_tokens_);
  std::ranges::copy(states, states_.begin() + static_cast<std::ptrdiff_t>(block * block_tokens_));
  summarize(block);
}

void TokenOracle::copy(std::uint32_t from, std::uint32_t to) {
  std::ranges::copy(states(from), states_.begin() + static_cast<std::ptrdiff_t>(to * block_tokens_));
  digests_[to] = digests_[from];
}

void TokenOracle::damage(std::uint32_t block, int first, int count) {
  constexpr State kDead = 0xDEAD;
  std::fill_n(states_.begin() + static_cast<std::ptrdiff_t>(block * block_tokens_) + first, count, kDead);
  digests_[block] = kDead;
}

TokenId OracleStream::push(TokenId token) {
  const State state = state_of(seen_, token, position_);
  seen_ += state * weight_;
  weight_ *= kWeight, ++position_;
  return static_cast<TokenId>(state % vocab_);
}

}  // namespace loci
