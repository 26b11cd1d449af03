// The executor of a simulated machine: tokens from the oracle, time from a curve.
#pragma once

#include <vector>

#include "bench/random.h"
#include "engine/token_oracle.h"
#include "sim/step_curve.h"

namespace loci::sim {

class SimulatedExecutor final : public Executor {
 public:
  struct Options {
    StepCurve curve;
    int blocks, host_blocks, block_tokens, vocab;
    std::uint64_t seed = 0;  // of the noise
  };
  explicit SimulatedExecutor(const Options& options);

  StepResult run(const Batch& batch) override;
  void copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) override;

  /// Seconds that what ran and was copied since the last call took.
  double take_seconds();
  /// Work of the batch of the last run().
  const StepWork& work() const { return work_; }
  TokenOracle& oracle() { return oracle_; }

  double slowdown = 1;       // of a slow machine
  double copy_slowdown = 1;  // of copies to and from the host tier, beside
  double damage_share = 0;   // of blocks that come back from the host tier broken

 private:
  Options options_;
  TokenOracle oracle_;
  std::vector<BlockKey> host_keys_;
  bench::Draws draws_;
  StepNoiseDraws noise_;
  StepWork work_;
  double seconds_ = 0;
};

}  // namespace loci::sim
