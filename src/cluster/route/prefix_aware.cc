// Prefix-aware: the least of
//
//   prefill_weight * blocks of prompts to compute there (this one's without its cached prefix, and the
//   queue's)
//     + blocks of KV held there
//
// so that a long match draws a request as far as it saves more than the replica's load costs (the KV router
// of NVIDIA Dynamo; SGLang's cache-aware router, Zheng et al. 2024). With a temperature T the choice is drawn
// with chances exp(-cost / T), costs scaled to 0..1, so that routers with equal views spread.
#include <algorithm>
#include <cmath>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class PrefixAware final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto cached = cached_everywhere(candidates);
    const auto cost = [&](const ReplicaView& replica) {
      const PromptWork prompt{candidates.request.prompt_tokens, cached[static_cast<std::size_t>(replica.id)]};
      const double blocks = (replica.prefill_tokens + prompt.uncached()) / std::max(1, replica.block_tokens);
      return comparable(options().prefill_weight * blocks + replica.used_kv_blocks());
    };
    const int best = options().temperature > 0 ? sample(candidates, cost) : least(candidates, cost);
    return RouteDecision{.prefill = best, .cached_tokens = cached[static_cast<std::size_t>(best)]};
  }

  template <class Cost>
  int sample(const Candidates& candidates, const Cost& cost) {
    chances_.clear();
    for (const int id : candidates.prefill) chances_.push_back(cost(candidates.at(id)));
    const auto [low, high] = std::ranges::minmax(chances_);
    double sum = 0;
    for (double& chance : chances_) {
      const double scaled = high > low ? (chance - low) / (high - low) : 0;
      sum += chance = std::exp(-scaled / options().temperature);
    }
    double left = candidates.view.draw * sum;
    for (std::size_t i = 0; i < chances_.size(); ++i)
      if ((left -= chances_[i]) < 0) return candidates.prefill[i];
    return candidates.prefill.back();
  }

  std::vector<double> chances_;
};

}  // namespace

const RouterEntry kPrefixAware{"prefix-aware", "NVIDIA Dynamo's KV router; SGLang's, Zheng et al. 2024",
                               make_kind<PrefixAware>};

}  // namespace loci::cluster
