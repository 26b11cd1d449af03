// Smooth weighted round robin (NGINX, since 1.3.1): each pick adds every replica's weight to its credit,
// takes the replica with the most, and takes the sum of the weights from it. Shares are exact over a cycle,
// and a heavy replica's turns are spread: weights 5, 1, 1 give a a b a c a a.
#include <algorithm>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

constexpr double kMostWeight = 1e6;  // credits stay numbers

class WeightedRoundRobin final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    begin_anew_if_others(candidates);
    double total = 0;
    int best = -1;
    for (const int id : candidates.prefill) {
      const double weight = std::min(candidates.at(id).weight, kMostWeight);
      total += weight;
      credit(id) += weight;
      if (best < 0 || credit(id) > credit(best)) best = id;
    }
    credit(best) -= total;
    return RouteDecision{.prefill = best};
  }

  double& credit(int id) { return credit_[static_cast<std::size_t>(id)]; }
  /// Credit and debt are among those who take turns: who returns to old ones would be flooded or starved.
  void begin_anew_if_others(const Candidates& candidates) {
    if (std::ranges::equal(candidates.prefill, members_)) return;
    members_.assign(candidates.prefill.begin(), candidates.prefill.end());
    credit_.assign(candidates.view.replicas.size(), 0);
  }

  std::vector<int> members_;
  std::vector<double> credit_;  // [replica]
};

}  // namespace

const RouterEntry kWeightedRoundRobin{"weighted-round-robin", "NGINX smooth weighted round robin",
                                      make_kind<WeightedRoundRobin>};

}  // namespace loci::cluster
