// A budget of time: the step is predicted to take no longer than goals.inter_token, or half as long again as
// its single tokens alone where these already take most of that; and so many times longer as there are more
// sequences that wait for their first token than such as wait for their next one. One long prompt does not
// hurt those that read along, and a burst of prompts is not starved by the first few of it that decode. What
// is left of a prompt is taken whole if half a step's rows hold it: spread over steps it would hold up the
// same tokens for as long in all, and end later. Everything when nobody decodes. Source: Sarathi-Serve
// (Agrawal et al. 2024, section 4.3: the token budget is the largest that meets the limit on the time between
// tokens), with the profile replaced by the cost model and the limit weighed by who waits. Cost O(sequences).
#include <algorithm>
#include <limits>

#include "sched/chunk/chunk.h"

namespace loci {
namespace {

/// Sequences that prefill or could begin to.
double prefilling(const SchedulerView& view) {
  const auto prefills = [](const SequenceView& s) { return s.missing() > 1; };
  const auto could_start = [](const SequenceView& s) { return !s.waits_for_prefix; };
  const auto running = std::ranges::count_if(view.running, prefills);
  const auto waiting = std::ranges::count_if(view.waiting, could_start);
  const auto slots = view.limits.max_sequences - static_cast<std::ptrdiff_t>(view.running.size());
  return static_cast<double>(running +
                             std::clamp(waiting, std::ptrdiff_t{0}, std::max(slots, std::ptrdiff_t{0})));
}

}  // namespace

ChunkBudget chunk_slo(const SchedulerView& view, const StepWork& planned, Time) {
  constexpr double kStretch = 1.5;  // of a step of single tokens alone
  if (planned.tokens == 0) return {view.limits.max_tokens, std::numeric_limits<double>::infinity()};
  const double calm =
      std::max(cautious_seconds(view, view.goals.inter_token), kStretch * view.cost.predict(planned));
  return {view.limits.max_tokens, calm * std::max(1.0, prefilling(view) / planned.tokens),
          view.limits.max_tokens / 2};
}

}  // namespace loci
