// Round robin: each ready replica in its turn, whatever it has to do. The baseline of every other router.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class RoundRobin final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto next = std::ranges::upper_bound(candidates.prefill, last_);
    last_ = next == candidates.prefill.end() ? candidates.prefill.front() : *next;
    return RouteDecision{.prefill = last_};
  }

  int last_ = -1;
};

}  // namespace

const RouterEntry kRoundRobin{"round-robin", "classic", make_kind<RoundRobin>};

}  // namespace loci::cluster
