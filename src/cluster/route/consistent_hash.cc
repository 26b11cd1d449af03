// Consistent hashing of the session, else of the prompt's leading blocks: equal keys meet on one replica, and
// adding or removing a replica moves its arcs alone (Karger et al. 1997). With `bounded_load` replicas that
// have too much are passed over (Mirrokni et al. 2018).
#include "cluster/route/bounded_ring.h"
#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class ConsistentHash final : public Router {
 public:
  explicit ConsistentHash(const RouterOptions& options) : Router(options), ring_(0, options) {}

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    ring_.follow(candidates.view.replicas, candidates.prefill);
    const std::uint64_t key = affinity_key(candidates);
    const int owner = ring_.owner(key, [&](int id) { return ring_.within_bound(id); });
    return RouteDecision{.prefill = owner >= 0 ? owner : ring_.owner(key)};
  }

  BoundedRing ring_;
};

}  // namespace

const RouterEntry kConsistentHash{"consistent-hash", "Karger et al. 1997; Mirrokni et al. 2018",
                                  make_kind<ConsistentHash>};

}  // namespace loci::cluster
