// DistServe's dispatch (Zhong et al., OSDI 2024, section 4.3): the prompt to the prefill instance with the
// shortest queue, what follows to the least loaded decode instance. Queues in predicted seconds, so that
// instances may differ. Blind to what is cached.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class DistServe final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    RouteDecision decision;
    decision.prefill = least(candidates, [](const ReplicaView& replica) {
      return prefill_seconds(replica, replica.prefill_tokens);
    });
    if (candidates.at(decision.prefill).role != ReplicaRole::kPrefill) return decision;
    const auto load = [&](int id) {
      return comparable(candidates.at(id).sequences() / candidates.at(id).weight);
    };
    decision.decode = *std::ranges::min_element(candidates.decode, {}, load);
    return decision;
  }
};

}  // namespace

const RouterEntry kDistServe{"distserve", "DistServe, Zhong et al. 2024, section 4.3", make_kind<DistServe>};

}  // namespace loci::cluster
