// Splitwise's cluster-level scheduling (Patel et al., ISCA 2024, section 4.4): three pools, prompt, token and
// mixed; in each, the machine with the shortest queue of tokens (join the shortest queue). A prompt that
// would wait longer than `spill_seconds` in the prompt pool goes to the mixed one, then to the token pool,
// whose machine then is mixed for a while; likewise a sequence for whose KV the token pool has no memory.
// What was computed on a mixed machine stays there.
#include <algorithm>
#include <array>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

constexpr std::array kPromptPools{ReplicaRole::kPrefill, ReplicaRole::kMixed, ReplicaRole::kDecode};
constexpr std::array kTokenPools{ReplicaRole::kDecode, ReplicaRole::kMixed, ReplicaRole::kPrefill};

class Splitwise final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto queue = [](const ReplicaView& replica) {
      return prefill_seconds(replica, replica.prefill_tokens);
    };
    const auto pending = [](const ReplicaView& replica) { return outstanding_seconds(replica); };
    const double tokens = candidates.request.prompt_tokens + candidates.request.expected_output;
    const auto has_memory = [&](const ReplicaView& replica) {
      return replica.kv_blocks <= 0 || 1.0 * replica.free_kv_blocks * replica.block_tokens >= tokens;
    };
    RouteDecision decision;
    decision.prefill = join(candidates.view.replicas, kPromptPools, queue, [&](const ReplicaView& replica) {
      return queue(replica) <= options().spill_seconds;
    });
    if (candidates.at(decision.prefill).role == ReplicaRole::kPrefill)
      decision.decode = join(candidates.view.replicas, kTokenPools, pending, has_memory);
    return decision;
  }

  /// The shortest queue of the first pool where it will do; where no pool's does, of the first pool with
  /// anybody.
  template <class Queue, class WillDo>
  static int join(std::span<const ReplicaView> replicas, const std::array<ReplicaRole, 3>& pools,
                  const Queue& queue, const WillDo& will_do) {
    int first = -1;
    for (const ReplicaRole pool : pools) {
      const ReplicaView* shortest = nullptr;
      for (const ReplicaView& replica : replicas) {
        if (!replica.takes_requests() || replica.role != pool) continue;
        if (shortest == nullptr || queue(replica) < queue(*shortest)) shortest = &replica;
      }
      if (shortest == nullptr) continue;
      if (will_do(*shortest)) return shortest->id;
      if (first < 0) first = shortest->id;
    }
    return first;
  }
};

}  // namespace

const RouterEntry kSplitwise{"splitwise", "Splitwise, Patel et al. 2024, section 4.4", make_kind<Splitwise>};

}  // namespace loci::cluster
