// Sticky sessions: a session (where there is none, a prefix) stays on the replica that has its KV. New ones
// go where a ring says; a table remembers where each one is, so that replicas that join take no old sessions
// away. One that cannot stay moves and is remembered at the new place: its replica is not ready, has too much
// of its KV memory held (before requests there begin to preempt each other), or is above the bounded load.
#include "cluster/recent_map.h"
#include "cluster/route/bounded_ring.h"
#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

struct Place {
  int replica = -1;
};

class SessionSticky final : public Router {
 public:
  explicit SessionSticky(const RouterOptions& options)
      : Router(options), ring_(1, options), places_(static_cast<std::size_t>(options.max_remembered)) {}

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    ring_.follow(candidates.view.replicas, candidates.prefill);
    const std::uint64_t key = affinity_key(candidates);
    const auto has_room = [&](int id) {
      return ring_.within_bound(id) && !(candidates.at(id).kv_use() > options().memory_watermark);
    };
    Place& place = places_[key];
    const bool can_stay = candidates.may_prefill(place.replica);
    if (can_stay && has_room(place.replica)) return RouteDecision{.prefill = place.replica};
    const int other = ring_.owner(key, has_room);
    if (other >= 0) {
      place.replica = other;
    } else if (!can_stay) {
      place.replica = ring_.owner(key);  // nobody has room
    }
    return RouteDecision{.prefill = place.replica};
  }

  BoundedRing ring_;
  RecentMap<Place> places_;
};

}  // namespace

const RouterEntry kSessionSticky{"session-sticky",
                                 "Gateway sticky sessions; bounded loads, Mirrokni et al. 2018",
                                 make_kind<SessionSticky>};

}  // namespace loci::cluster
