// Longest match alone: where the most of the prompt is cached, whatever else the replica has to do; of equal
// matches the fewest requests. The baseline that shows what cache affinity costs without an eye on load: what
// is popular is sent where it was sent before.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class PrefixArgmax final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto cached = cached_everywhere(candidates);
    int longest = 0;
    for (const int id : candidates.prefill) longest = std::max(longest, cached[static_cast<std::size_t>(id)]);
    const int best = least(candidates, [&](const ReplicaView& replica) {
      const bool matches = cached[static_cast<std::size_t>(replica.id)] == longest;
      return matches ? std::min(replica.sequences(), 1e12) : 1e15;
    });
    return RouteDecision{.prefill = best, .cached_tokens = longest};
  }
};

}  // namespace

const RouterEntry kPrefixArgmax{"prefix-argmax", "baseline of DualMap and of prefix-aware",
                                make_kind<PrefixArgmax>};

}  // namespace loci::cluster
