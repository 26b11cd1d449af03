// Token-aware: the replica that is done first with all that it would have to do,
//
//   (outstanding prompt tokens + this one's uncached) / prefill rate + remaining output tokens / decode rate
//
// where the rates are what the replica's cost model says of its steps. Ten requests of 2,000 tokens are not
// ten of 10. As good as `expected_output` is; without it, prompts alone count.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class TokenAware final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto cached = cached_everywhere(candidates);
    const RouteRequest& request = candidates.request;
    const int best = least(candidates, [&](const ReplicaView& replica) {
      ReplicaView with = replica;
      with.prefill_tokens +=
          PromptWork{request.prompt_tokens, cached[static_cast<std::size_t>(replica.id)]}.uncached();
      with.output_tokens += std::max(0.0, request.expected_output);
      return outstanding_seconds(with);
    });
    return RouteDecision{.prefill = best, .cached_tokens = cached[static_cast<std::size_t>(best)]};
  }
};

}  // namespace

const RouterEntry kTokenAware{"token-aware", "predictive, token-aware load balancing", make_kind<TokenAware>};

}  // namespace loci::cluster
