#include "sim/simulated_executor.h"

#include <utility>

#include "base/check.h"

namespace loci::sim {

SimulatedExecutor::SimulatedExecutor(const Options& options)
    : options_(options),
      oracle_({.blocks = options.blocks + options.host_blocks,
               .block_tokens = options.block_tokens,
               .vocab = options.vocab,
               .candidates = 1}),
      host_keys_(static_cast<std::size_t>(options.host_blocks)),
      draws_(bench::mix({options.seed, 0x65786563})) {}

StepResult SimulatedExecutor::run(const Batch& batch) {
  work_ = {};
  for (std::size_t row = 0; row < batch.tokens.size();) {
    std::size_t end = row + 1;
    while (end < batch.tokens.size() && batch.sequences[end] == batch.sequences[row]) ++end;
    work_.add_slice(batch.positions[row], static_cast<int>(end - row));
    row = end;
  }
  seconds_ += options_.curve.seconds(work_) * slowdown * noise_.next(options_.curve.noise, draws_);
  return oracle_.run(batch);
}

void SimulatedExecutor::copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) {
  const auto host = static_cast<std::uint32_t>(options_.blocks);  // the host tier lies behind the fast blocks
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const BlockCopy& copy = copies[i];
    const bool from_host = copy.move == BlockMove::kFromHost, to_host = copy.move == BlockMove::kToHost;
    oracle_.copy(copy.from + (from_host ? host : 0), copy.to + (to_host ? host : 0));
    if (to_host) host_keys_[copy.to] = copy.key;
    seconds_ += options_.curve.per_block_copy * slowdown * copy_slowdown;
    if (!from_host) continue;
    LOCI_CHECK(host_keys_[copy.from] == copy.key);
    if (damage_share == 0 || draws_.uniform() >= damage_share) continue;
    oracle_.damage(copy.to, 0, options_.block_tokens);
    damaged.push_back(static_cast<int>(i));
  }
}

double SimulatedExecutor::take_seconds() {
  return std::exchange(seconds_, 0);
}

}  // namespace loci::sim
