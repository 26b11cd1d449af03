// What `loci run-batch` shows on standard error: a bar on a terminal, else a line now and then.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace loci::cli {

struct BatchCounts {
  std::size_t lines = 0;     // of the input
  std::size_t skipped = 0;   // answered by an earlier run
  std::size_t answered = 0;  // by this one
  std::size_t refused = 0;   // of them, with an error
};

class BatchProgress {
 public:
  BatchProgress();

  /// Draws, unless it has just done so. `tokens`: generated so far.
  void show(const BatchCounts& counts, std::uint64_t tokens, Time now);
  /// Takes the bar away and says what was done.
  void end(const BatchCounts& counts, std::uint64_t tokens, Time now);

 private:
  const bool is_terminal_;
  bool drawn_ = false;
  Time began_{}, shown_{};
};

}  // namespace loci::cli
