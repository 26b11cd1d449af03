// The replica on which this request is predicted to end first: the queue there, its own uncached tokens, then
// its expected output at the pace that the replica would have with it (the intelligent router of Alibaba's
// PAI: instances are scheduled by the lengths of prompt and answer). Selfish where token-aware looks at the
// fleet.
#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class PredictedFinish final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto cached = cached_everywhere(candidates);
    const RouteRequest& request = candidates.request;
    const int best = least(candidates, [&](const ReplicaView& replica) {
      const PromptWork prompt{request.prompt_tokens, cached[static_cast<std::size_t>(replica.id)]};
      return predicted_finish(replica, prompt, request.expected_output);
    });
    return RouteDecision{.prefill = best, .cached_tokens = cached[static_cast<std::size_t>(best)]};
  }
};

}  // namespace

const RouterEntry kPredictedFinish{"predicted-finish", "Alibaba PAI's LLM intelligent router",
                                   make_kind<PredictedFinish>};

}  // namespace loci::cluster
