// Least connections: the replica with the fewest requests, running or waiting, for its weight (HAProxy's
// leastconn). Blind to how long a request is. Ties go to the draw, so that an idle fleet is used evenly.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class LeastConnections final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    return RouteDecision{.prefill = least(candidates, [&](const ReplicaView& replica) {
                           return replica.sequences() / replica.weight;
                         })};
  }
};

}  // namespace

const RouterEntry kLeastConnections{"least-connections", "HAProxy leastconn, NGINX least_conn",
                                    make_kind<LeastConnections>};

}  // namespace loci::cluster
