// The power of two choices (Mitzenmacher 2001): of two replicas drawn at random, the one with fewer requests
// for its weight. The longest queue of n falls from log n / log log n to log log n, and routers with views
// that are late do not all run to the same replica.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class PowerOfTwo final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto ids = candidates.prefill;
    const auto count = static_cast<int>(ids.size());
    if (count == 1) return RouteDecision{.prefill = ids[0]};
    // One draw names an ordered pair of different ones.
    const int pair = drawn(candidates.view.draw, count * (count - 1));
    const int first = pair / (count - 1);
    const int second = pair % (count - 1);
    const int a = ids[static_cast<std::size_t>(first)];
    const int b = ids[static_cast<std::size_t>(second < first ? second : second + 1)];
    const auto load = [&](int id) {
      return comparable(candidates.at(id).sequences() / candidates.at(id).weight);
    };
    return RouteDecision{.prefill = load(b) < load(a) ? b : a};
  }
};

}  // namespace

const RouterEntry kPowerOfTwo{"power-of-two", "Mitzenmacher 2001", make_kind<PowerOfTwo>};

}  // namespace loci::cluster
