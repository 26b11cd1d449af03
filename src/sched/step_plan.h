// The decision of one step, as plain data: which sequences compute which tokens, and who gives its memory
// back first.
#pragma once

#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace loci {

/// Tokens [begin, begin + count) of a sequence are computed in this step: a prompt chunk, or the one newest
/// token. A waiting sequence begins behind its cached tokens.
struct Slice {
  SequenceId sequence;
  int begin;
  int count;
};

struct Preempt {
  SequenceId sequence;
  bool swap;  // its KV is copied to the host tier; else it is dropped and computed again
};

struct StepPlan {
  std::vector<Preempt> preempts;  // applied first: they give their blocks back and wait
  std::vector<Slice> slices;      // a waiting sequence that gets a slice starts to run
  Time resume = Time::max();      // no slices: nothing is computed before this time or the next request, as
                                  // whole sequences wait for company (goals.batch_delay)

  void clear() {
    preempts.clear();
    slices.clear();
    resume = Time::max();
  }
};

}  // namespace loci
