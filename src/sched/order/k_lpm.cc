// k-LPM: the oldest goes first, then the k - 1 with the longest match, then the oldest of the rest, and so
// on: k = 1 is first come, first served, a large k is longest prefix match. Bounds the wait of those that
// match nothing, which LPM does not. Source: LLM query scheduling with prefix reuse and latency constraints
// (Dexter et al. 2025, algorithm 1). k = goals.lpm_group. Cost O(n log n).
#include <algorithm>
#include <limits>

#include "sched/order/order.h"

namespace loci {

void order_k_lpm(const SchedulerView& view, Time, std::span<Candidate> candidates, OrderScratch& scratch) {
  // Longest match first, then arrival: a match counted down from the longest possible, above an index.
  auto& by_match = scratch.keys;
  by_match.clear();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const int short_of = std::numeric_limits<int>::max() - candidates[i].sequence->next_token();
    by_match.push_back(static_cast<std::uint64_t>(short_of) << 32 | i);
  }
  std::ranges::sort(by_match);
  const auto index = [](std::uint64_t key) { return static_cast<std::size_t>(key & 0xffffffff); };

  scratch.taken.assign(candidates.size(), 0);
  std::size_t oldest = 0, best = 0;
  const std::size_t group = static_cast<std::size_t>(std::max(1, view.goals.lpm_group));
  for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
    while (scratch.taken[oldest] != 0) ++oldest;
    while (scratch.taken[index(by_match[best])] != 0) ++best;
    const std::size_t next = rank % group == 0 ? oldest : index(by_match[best]);
    scratch.taken[next] = 1;
    candidates[next].rank = static_cast<double>(rank);
  }
}

}  // namespace loci
