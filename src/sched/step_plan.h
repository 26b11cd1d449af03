// The decision of one step, as plain data: which sequences compute which tokens, and who gives its memory
// back first.
#pragma once

#include <vector>

#include "base/ids.h"

namespace loci {

/// Tokens [begin, begin + count) of a sequence are computed in this step: a prompt chunk, or the one newest
/// token.
struct Slice {
  SequenceId sequence;
  int begin;
  int count;
};

struct StepPlan {
  std::vector<SequenceId> preempts;  // applied first: their KV is dropped and they wait to be recomputed
  std::vector<Slice> slices;         // a waiting sequence that gets a slice starts to run

  void clear() {
    preempts.clear();
    slices.clear();
  }
};

}  // namespace loci
