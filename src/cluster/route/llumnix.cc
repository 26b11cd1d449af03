// Llumnix's dispatch (Sun et al., OSDI 2024, section 4.4.3): the replica with the most freeness, whose memory
// would last longest. Its other half moves what runs: migrate/llumnix.cc.
#include "cluster/freeness.h"
#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class Llumnix final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    return RouteDecision{.prefill = least(candidates, [&](const ReplicaView& replica) {
                           return -freeness(replica, options().headroom);
                         })};
  }
};

}  // namespace

const RouterEntry kLlumnixRouter{"llumnix", "Llumnix, Sun et al. 2024, section 4.4.3", make_kind<Llumnix>};

}  // namespace loci::cluster
