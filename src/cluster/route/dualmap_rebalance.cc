#include "cluster/route/dualmap_rebalance.h"

#include <algorithm>
#include <cstdint>
#include <tuple>

namespace loci::cluster {
namespace {

class Rebalancing {
 public:
  Rebalancing(const RouteView& view, DualMapping& mapping)
      : directory_(view.directory), mapping_(mapping), replicas_(view.replicas.begin(), view.replicas.end()) {
    for (const ReplicaView& replica : replicas_)
      if (replica.takes_requests() && replica.role != ReplicaRole::kDecode) ids_.push_back(replica.id);
  }

  bool possible() const { return ids_.size() > 1; }
  bool is_replica(int id) const { return id >= 0 && static_cast<std::size_t>(id) < replicas_.size(); }

  double queue_seconds(int id) const { return prefill_seconds(at(id), at(id).prefill_tokens); }
  double mean_queue() const {
    double sum = 0;
    for (const int id : ids_) sum += queue_seconds(id);
    return sum / static_cast<double>(ids_.size());
  }

  /// Where `request` should go, or -1: it stays.
  int destination(const WaitingRequest& request, double limit) {
    const int other = other_candidate(request);
    if (other >= 0 && begins_in_time(request, other, limit)) return other;
    const int idle = *std::ranges::min_element(ids_, {}, [&](int id) { return queue_seconds(id); });
    const bool light = queue_seconds(idle) < limit / 2;
    return idle != request.replica && light && begins_in_time(request, idle, limit) ? idle : -1;
  }

  void move(const WaitingRequest& request, int to) {
    const double there = PromptWork{request.request.prompt_tokens, request.cached_tokens}.uncached();
    ReplicaView& source = at(request.replica);
    source.prefill_tokens = std::max(0.0, source.prefill_tokens - there);
    source.waiting = std::max(0, source.waiting) - (source.waiting > 0 ? 1 : 0);
    at(to).prefill_tokens += PromptWork{request.request.prompt_tokens, cached_on(to, request)}.uncached();
    at(to).waiting += at(to).waiting < INT32_MAX ? 1 : 0;
  }

 private:
  const ReplicaView& at(int id) const { return replicas_[static_cast<std::size_t>(id)]; }
  ReplicaView& at(int id) { return replicas_[static_cast<std::size_t>(id)]; }

  int cached_on(int id, const WaitingRequest& request) const {
    if (directory_ == nullptr) return 0;
    const std::int64_t blocks = directory_->match(id, request.request.keys);
    const std::int64_t most = std::max(1, request.request.prompt_tokens) - 1;
    return static_cast<int>(std::min(blocks * std::max(0, request.request.block_tokens), most));
  }

  int other_candidate(const WaitingRequest& request) {
    const std::uint64_t key = mapping_.key_of(request.request, 0);
    const auto pair = mapping_.candidates(key, replicas_, ids_);
    if (pair[0] == request.replica) return pair[1] == request.replica ? -1 : pair[1];
    if (pair[1] == request.replica) return pair[0];
    return queue_seconds(pair[1]) < queue_seconds(pair[0]) ? pair[1] : pair[0];
  }

  /// Within the limit, and earlier than the end of the queue in which it is.
  bool begins_in_time(const WaitingRequest& request, int id, double limit) const {
    const double ttft = predicted_ttft(at(id), {request.request.prompt_tokens, cached_on(id, request)});
    return ttft <= limit && ttft < queue_seconds(request.replica);
  }

  const PrefixDirectory* directory_;
  DualMapping& mapping_;
  std::vector<ReplicaView> replicas_;  // as they will be after the moves so far
  std::vector<int> ids_;
};

}  // namespace

std::vector<Migration> rebalance_hotspots(std::span<const WaitingRequest> waiting, const RouteView& view,
                                          DualMapping& mapping, double ttft_slo) {
  std::vector<Migration> moves;
  Rebalancing fleet(view, mapping);
  if (!fleet.possible()) return moves;
  std::vector<const WaitingRequest*> order;
  for (const WaitingRequest& request : waiting)
    if (fleet.is_replica(request.replica)) order.push_back(&request);
  std::ranges::sort(order, {}, [](const WaitingRequest* request) {
    return std::tuple(request->replica, request->cached_tokens, request->id);
  });
  const double twice_the_mean = 2 * fleet.mean_queue();
  for (const WaitingRequest* request : order) {
    const double asked = request->request.ttft_slo > 0 ? request->request.ttft_slo : ttft_slo;
    const double limit = asked > 0 ? asked : twice_the_mean;
    if (!(fleet.queue_seconds(request->replica) > limit)) continue;
    const int to = fleet.destination(*request, limit);
    if (to < 0) continue;
    fleet.move(*request, to);
    moves.push_back({request->id, request->replica, to});
  }
  return moves;
}

}  // namespace loci::cluster
