// DualMap: cache affinity and balance together ("DualMap: Enabling Both Cache Affinity and Load
// Balancing for Distributed LLM Serving", ICLR 2026, arXiv 2602.06502). Its four parts, each to be switched
// off in DualMapOptions:
//
//   two hashes   a prefix has two candidate replicas                           route/dual_mapping.h
//   SLO switch   the one that has more of it cached, unless its predicted TTFT exceeds the SLO: then the one
//                with the lower predicted TTFT
//   rebalancing  waiting requests leave an overloaded replica                  route/dualmap_rebalance.h
//   two rings    a replica that comes or goes remaps its arcs alone            hash_ring.h
#include <algorithm>

#include "cluster/route/dual_mapping.h"
#include "cluster/route/dualmap_rebalance.h"
#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

using Choice = DualMapOptions::Choice;

class DualMap final : public Router {
 public:
  explicit DualMap(const RouterOptions& options) : Router(options), mapping_(options) {}

  std::vector<Migration> rebalance(std::span<const WaitingRequest> waiting, const RouteView& view) override {
    if (!options().dualmap.rebalance) return {};
    return rebalance_hotspots(waiting, view, mapping_, options().ttft_slo);
  }

 private:
  struct Candidate {
    int replica = -1, cached_tokens = 0;
    double ttft = 0;
  };

  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const RouteRequest& request = candidates.request;
    mapping_.count(request.keys, static_cast<int>(candidates.prefill.size()));
    const std::uint64_t key = mapping_.key_of(request, candidates.view.draw);
    const auto pair = mapping_.candidates(key, candidates.view.replicas, candidates.prefill);
    const Candidate first = examine(candidates, pair[0]), second = examine(candidates, pair[1]);
    const Candidate& faster = second.ttft < first.ttft ? second : first;
    const double slo = ttft_slo(request);
    Candidate chosen = choose_of(first, second, faster, slo);
    if (options().dualmap.drain_serves) prefer_draining_owner(candidates, key, slo, chosen);
    return RouteDecision{.prefill = chosen.replica,
                         .cached_tokens = chosen.cached_tokens,
                         .ttft = chosen.ttft,
                         .over_slo = slo > 0 && faster.ttft > slo};
  }

  Candidate examine(const Candidates& candidates, int replica) const {
    const int cached = cached_tokens(candidates, replica);
    return {replica, cached,
            predicted_ttft(candidates.at(replica), {candidates.request.prompt_tokens, cached})};
  }

  /// Without an SLO there is no limit up to which affinity is free, so the lower TTFT decides, in which what
  /// is cached counts as the time that it saves.
  const Candidate& choose_of(const Candidate& first, const Candidate& second, const Candidate& faster,
                             double slo) const {
    const Choice choice = options().dualmap.choice;
    if (choice == Choice::kAlwaysLoad || first.cached_tokens == second.cached_tokens) return faster;
    const Candidate& affine = second.cached_tokens > first.cached_tokens ? second : first;
    if (choice == Choice::kAlwaysAffinity) return affine;
    return slo > 0 && affine.ttft <= slo ? affine : faster;
  }

  /// A replica that drains goes on with what it has most of, until the new owner of its arc has it too.
  void prefer_draining_owner(const Candidates& candidates, std::uint64_t key, double slo, Candidate& chosen) {
    owners_.assign(candidates.prefill.begin(), candidates.prefill.end());
    for (const ReplicaView& replica : candidates.view.replicas)
      if (replica.state == ReplicaState::kDraining && replica.weight > 0) owners_.push_back(replica.id);
    if (owners_.size() == candidates.prefill.size()) return;
    std::ranges::sort(owners_);
    for (const int id : mapping_.candidates(key, candidates.view.replicas, owners_)) {
      if (candidates.at(id).state != ReplicaState::kDraining) continue;
      const Candidate owner = examine(candidates, id);
      const bool has_most = owner.cached_tokens > candidates.request.prompt_tokens / 2;
      const bool in_time = slo > 0 ? owner.ttft <= slo : owner.ttft <= chosen.ttft;
      if (has_most && in_time && owner.cached_tokens > chosen.cached_tokens) chosen = owner;
    }
  }

  DualMapping mapping_;
  std::vector<int> owners_;
};

}  // namespace

const RouterEntry kDualMap{"dualmap", "DualMap, ICLR 2026, arXiv 2602.06502", make_kind<DualMap>};

}  // namespace loci::cluster
