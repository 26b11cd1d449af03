// TaiChi's length-aware prefill (Wang et al. 2025, arXiv 2508.01989): of the replicas on which the prompt is
// predicted to meet its TTFT, the slowest at prompts, so that short prompts with slack use decode-heavy
// replicas and leave the fast ones to long or urgent prompts; of equally slow ones, the earliest. Where none
// meets it, or nothing was asked for, the earliest of all. Prompts computed on a prefill-heavy replica go on
// at a decode-heavy one while it has memory, else where they are.
#include <algorithm>
#include <tuple>

#include "cluster/route/route.h"

namespace loci::cluster {
namespace {

constexpr double kMargin = 0.9;  // of the SLO: predictions are off by some per cent

class LengthAware final : public Router {
 public:
  using Router::Router;

 private:
  std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) override {
    const auto cached = cached_everywhere(candidates);
    const double slo = ttft_slo(candidates.request);
    RouteDecision best;
    std::tuple<bool, double, double, int> least;  // late, prompt rate, TTFT, prefers single tokens
    for (const ReplicaView& replica : candidates.view.replicas) {
      const bool computes = candidates.may_prefill(replica.id) || replica.chunk_tokens > 0;
      if (!replica.takes_requests() || !computes) continue;
      const int here = cached[static_cast<std::size_t>(replica.id)];
      const double ttft = predicted_ttft(replica, {candidates.request.prompt_tokens, here});
      const bool late = !(slo > 0 && ttft <= kMargin * slo);
      const std::tuple rank{late, late ? 0 : prompt_rate(replica), ttft, static_cast<int>(replica.role)};
      if (best.prefill >= 0 && !(rank < least)) continue;
      least = rank;
      best = {.prefill = replica.id, .cached_tokens = here, .ttft = ttft, .over_slo = slo > 0 && late};
    }
    if (candidates.at(best.prefill).role == ReplicaRole::kPrefill) best.decode = decode_for(candidates, best);
    return best;
  }

  /// Prompt tokens a second of an idle replica.
  static double prompt_rate(const ReplicaView& replica) {
    ReplicaView idle = replica;
    idle.running = 0;
    const double rows = std::max(1, replica.chunk_tokens);
    return rows / std::max(1e-9, step_seconds(idle, 0, rows));
  }

  int decode_for(const Candidates& candidates, const RouteDecision& decision) const {
    const auto load = [&](int id) {
      const bool full = candidates.at(id).kv_use() > options().memory_watermark;
      return std::tuple(full, outstanding_seconds(candidates.at(id)));
    };
    const int least = *std::ranges::min_element(candidates.decode, {}, load);
    return std::get<0>(load(least)) ? decision.prefill : least;
  }
};

}  // namespace

const RouterEntry kLengthAware{"length-aware", "TaiChi, Wang et al. 2025, arXiv 2508.01989",
                               make_kind<LengthAware>};

}  // namespace loci::cluster
