// Mooncake's conductor (Qin et al., FAST 2025, algorithm 1 and section 6): the pair of a prefill and a decode
// instance by predicted times, with the KV cache at the centre.
//
//   prefill   the least TTFT = queue + compute behind the hit there; or, where another replica has
//   `balancing` times
//             as much of the prefix, queue + transfer + compute behind that longer hit, if it is less
//   decode    the least predicted TPOT at the time when the prompt will be computed
//   refusal   where the TTFT or that TPOT exceeds its SLO (early rejection by predicted load): the prompt
//   would be
//             computed in vain. Predicted, not present load: who is decoding now will partly have ended then,
//             and whose prompt is queued now will have joined; looking at the present alone makes load swing.
#include <algorithm>
#include <optional>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

class Conductor final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto cached = cached_everywhere(candidates);
    const auto source = static_cast<int>(std::ranges::max_element(cached) - cached.begin());
    std::optional<RouteDecision> best;
    for (const int id : candidates.prefill) {
      const RouteDecision here = prefill_on(candidates, id, cached, source);
      if (!best || here.ttft < best->ttft) best = here;
    }
    const double slo = ttft_slo(candidates.request);
    best->over_slo = slo > 0 && best->ttft > slo;
    if (best->over_slo && candidates.at(best->prefill).measured) return std::unexpected(NoRoute::kOverloaded);
    best->decode = best->prefill;
    if (candidates.at(best->prefill).role == ReplicaRole::kPrefill)
      best->decode = *std::ranges::min_element(
          candidates.decode, {}, [&](int id) { return tpot_after(candidates, id, best->ttft); });
    const double tpot = tpot_slo(candidates.request);
    if (tpot > 0 && candidates.at(best->decode).measured &&
        tpot_after(candidates, best->decode, best->ttft) > tpot)
      return std::unexpected(NoRoute::kOverloaded);
    return *best;
  }

  RouteDecision prefill_on(const Candidates& candidates, int id, std::span<const int> cached,
                           int source) const {
    const ReplicaView& replica = candidates.at(id);
    const int prompt = candidates.request.prompt_tokens;
    const int here = cached[static_cast<std::size_t>(id)];
    RouteDecision local{
        .prefill = id, .cached_tokens = here, .ttft = predicted_ttft(replica, {prompt, here})};
    const int there = cached[static_cast<std::size_t>(source)];
    if (!options().fetch_prefixes || there <= here || there <= options().balancing * here) return local;
    if (candidates.at(source).state == ReplicaState::kDown) return local;
    const double transfer = comparable(candidates.view.transfer.seconds(there - here));
    const double pulled = std::max(0.0, transfer) + predicted_ttft(replica, {prompt, there});
    if (pulled >= local.ttft) return local;
    local.ttft = pulled;
    local.fetch_from = source;
    local.fetch_tokens = there - here;
    return local;
  }

  /// Seconds per token on a replica when `later` seconds have passed: its sequences end as their outputs do,
  /// and their share of those who wait for prompts in the fleet has come.
  static double tpot_after(const Candidates& candidates, int id, double later) {
    ReplicaView then = candidates.at(id);
    const double remaining = outstanding_seconds(then);
    const double still = remaining > 0 ? std::max(0.0, 1 - later / remaining) : 0;
    double joining = 0;
    for (const int prefill : candidates.prefill) {
      const ReplicaView& from = candidates.at(prefill);
      if (from.role != ReplicaRole::kPrefill) continue;
      const double queue = prefill_seconds(from, from.prefill_tokens);
      const double computed = queue > 0 ? std::min(1.0, later / queue) : 1;
      joining += std::max(0.0, from.sequences()) * computed;
    }
    joining /= static_cast<double>(candidates.decode.size());
    const double sequences = std::clamp(std::max(0.0, then.sequences()) * still + joining, 0.0,
                                        1.0 * std::max(1, then.max_sequences));
    then.kv_tokens *= then.running > 0 ? sequences / then.running : 0;
    then.running = static_cast<int>(sequences);
    then.waiting = 0;
    return predicted_tpot(then, candidates.request.prompt_tokens, candidates.request.expected_output);
  }
};

}  // namespace

const RouterEntry kConductor{"conductor", "Mooncake, Qin et al. 2025, algorithm 1 and section 6",
                             make_kind<Conductor>};

}  // namespace loci::cluster
