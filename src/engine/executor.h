// The port through which the engine has a batch computed: kernels on this machine, or a simulated machine.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "memory/block_copy.h"
#include "model/batch.h"

namespace loci {

struct StepResult {
  std::span<const float> logits;  // [logits_rows][vocab], valid until the next run()
  int vocab_size;
  std::span<const float> states = {};  // [state_rows][hidden], valid until the next run()
  int hidden_size = 0;

  std::span<const float> row(int logits_row) const {
    const auto width = static_cast<std::size_t>(vocab_size);
    return logits.subspan(static_cast<std::size_t>(logits_row) * width, width);
  }
  std::span<const float> state(int state_row) const {
    const auto width = static_cast<std::size_t>(hidden_size);
    return states.subspan(static_cast<std::size_t>(state_row) * width, width);
  }
};

class Executor {
 public:
  virtual ~Executor() = default;
  /// Computes the batch; its keys and values are in memory afterwards.
  virtual StepResult run(const Batch& batch) = 0;
  /// Copies blocks, in the order of the list. Those that came back from the host tier with a wrong checksum
  /// are added to `damaged`, as indices into `copies`; their blocks hold anything. Those who keep no bytes of
  /// blocks have nothing to do.
  virtual void copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) {
    static_cast<void>(copies), static_cast<void>(damaged);
  }
};

}  // namespace loci
