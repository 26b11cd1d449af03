// What scheduling policies see: a read-only picture of the engine. Policies are pure functions of it and of
// `now`.
#pragma once

#include <span>

#include "base/ids.h"
#include "base/time.h"

namespace loci {

struct SequenceView {
  SequenceId id;
  Time arrival;
  int known_tokens;     // prompt and generated tokens
  int computed_tokens;  // of them, those whose KV is in memory; always fewer than known
  int blocks;           // held
  int first_logits;    // the first position whose distribution is wanted: the last known one, or earlier ones
                       // for log probabilities of the prompt; known_tokens: none
  bool whole = false;  // all its tokens in one step: every one of them attends to all (encoders)

  int missing() const { return known_tokens - computed_tokens; }
};

struct StepLimits {
  int max_sequences;    // that may hold KV
  int max_tokens;       // rows of one step
  int max_logits_rows;  // distributions of one step
};

struct SchedulerView {
  std::span<const SequenceView> running;  // hold KV; ordered by arrival, then id
  std::span<const SequenceView> waiting;  // hold none
  int free_blocks;
  int block_tokens;
  StepLimits limits;
};

/// Earlier arrival first; ties by id.
inline bool arrived_before(const SequenceView& a, const SequenceView& b) {
  return a.arrival != b.arrival ? a.arrival < b.arrival : raw(a.id) < raw(b.id);
}

}  // namespace loci
