// TaiChi's flowing decode (Wang et al. 2025, arXiv 2508.01989): what decodes flows between decode-heavy
// replicas, whose steps are short, and prefill-heavy ones, whose steps are long, to spend slack in time per
// token.
//
//   out    a decode-heavy replica above the memory watermark gives away the requests with the most slack: the
//   time by
//          which they are ahead of their SLO, (SLO - mean TPOT) * tokens so far. Nobody knows how long an
//          answer will be, so the mean so far decides. Who would lose its slack on the way stays.
//   back   a request on a prefill-heavy replica whose mean TPOT nears the SLO (`return_share`) goes to the
//          decode-heavy one with the most memory left.
#include <algorithm>
#include <limits>
#include <tuple>

#include "cluster/migrate/moves.h"

namespace loci::cluster {
namespace {

class FlowingDecode {
 public:
  FlowingDecode(const MigrationView& view, const MigrationOptions& options)
      : view_(view), options_(options), moves_(view) {}

  std::vector<Migration> decide() && {
    flow_back();  // first: who is in danger has the first claim to memory
    flow_out();
    return std::move(moves_).done();
  }

 private:
  double slo_of(const RunningRequest& request) const {
    return request.tpot_slo > 0 ? request.tpot_slo : options_.tpot_slo;
  }
  /// Seconds that the request is ahead; without bound where nothing was asked for.
  double slack(const RunningRequest& request) const {
    const double slo = slo_of(request);
    if (!(slo > 0)) return std::numeric_limits<double>::max();
    return (slo - request.mean_tpot) * std::max(0, request.generated);
  }
  bool is_on(const RunningRequest& request, ReplicaRole role) const {
    return moves_.is_replica(request.replica) && moves_.at(request.replica).role == role &&
           moves_.at(request.replica).state != ReplicaState::kDown;
  }
  /// The replica of `role` with the most memory left that can take `request`, or -1.
  int roomiest(const RunningRequest& request, ReplicaRole role) const {
    int best = -1;
    for (const ReplicaView& replica : moves_.replicas()) {
      if (replica.role != role || !moves_.fits(request, replica.id, options_.memory_watermark)) continue;
      if (best < 0 || replica.kv_use() < moves_.at(best).kv_use()) best = replica.id;
    }
    return best;
  }

  void flow_back() {
    std::vector<const RunningRequest*> late;
    for (const RunningRequest& request : view_.running) {
      const double slo = slo_of(request);
      if (is_on(request, ReplicaRole::kPrefill) && slo > 0 && request.mean_tpot > options_.return_share * slo)
        late.push_back(&request);
    }
    std::ranges::sort(late, {}, [&](const RunningRequest* r) { return std::tuple(slack(*r), r->id); });
    for (const RunningRequest* request : late)
      if (const int to = roomiest(*request, ReplicaRole::kDecode); to >= 0) moves_.move(*request, to);
  }

  void flow_out() {
    std::vector<const RunningRequest*> ahead;
    for (const RunningRequest& request : view_.running)
      if (is_on(request, ReplicaRole::kDecode)) ahead.push_back(&request);
    // The longest answers of those without an SLO: who has come far has the least to come, on average.
    std::ranges::sort(ahead, {}, [&](const RunningRequest* r) {
      return std::tuple(-slack(*r), -std::int64_t{r->generated}, r->id);
    });
    for (const RunningRequest* request : ahead) {
      if (!(moves_.at(request->replica).kv_use() > options_.memory_watermark)) continue;
      if (!(slack(*request) > view_.transfer.seconds(request->kv_tokens))) continue;
      const double slo = slo_of(*request);
      if (slo > 0 && request->mean_tpot > options_.return_share * slo) continue;  // it would return at once
      if (const int to = roomiest(*request, ReplicaRole::kPrefill); to >= 0) moves_.move(*request, to);
    }
  }

  const MigrationView& view_;
  const MigrationOptions& options_;
  Moves moves_;
};

std::vector<Migration> decide(const MigrationView& view, const MigrationOptions& options) {
  return FlowingDecode(view, options).decide();
}

}  // namespace

const MigrationPolicy kFlowingDecode{"flowing-decode", "TaiChi, Wang et al. 2025, arXiv 2508.01989", decide};

}  // namespace loci::cluster
