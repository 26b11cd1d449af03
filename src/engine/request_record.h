// Where a request's time went.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "engine/request.h"

namespace loci {

/// What a request is at. Every moment between arrival and last event belongs to exactly one.
enum class Phase {
  kQueued,     // waits for its first step
  kPrefill,    // prompt tokens are computed in this step
  kDecode,     // one token is computed in this step
  kStalled,    // holds KV, and this step has no room for it
  kPreempted,  // lost its KV and waits to go on
};
inline constexpr int kPhases = 5;
std::string_view name(Phase phase);  // "queued", ...

/// Adds up how long a request was in which phase.
class PhaseClock {
 public:
  explicit PhaseClock(Time start) : since_(start) {}
  void enter(Phase phase, Time now) {
    if (phase == phase_) return;
    settle(now);
    phase_ = phase;
  }
  void settle(Time now) {
    spent_[static_cast<std::size_t>(phase_)] += now - since_;
    since_ = now;
  }
  Phase phase() const { return phase_; }
  /// Until the last settle().
  Duration spent(Phase phase) const { return spent_[static_cast<std::size_t>(phase)]; }

 private:
  Phase phase_ = Phase::kQueued;
  Time since_;
  std::array<Duration, kPhases> spent_{};
};

/// A request's account. Of several choices, the one that is furthest counts at any moment.
struct RequestRecord {
  RequestId id{};
  std::string name, tenant;
  int priority = 0;
  bool finished = false;
  std::optional<FinishReason> finish;  // of the first choice
  Duration age{};                      // since its arrival, or its latency
  std::optional<Duration> first_token{};
  std::array<Duration, kPhases> spent{};  // [phase]; sums to `age`
  int preemptions = 0;
  int recomputed_tokens = 0;
  Usage usage;
};

}  // namespace loci
