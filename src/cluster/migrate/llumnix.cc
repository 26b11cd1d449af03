// Llumnix's migration (Sun et al., OSDI 2024, section 4.4.3): replicas whose freeness is low give to those
// whose freeness is high, the lowest to the highest and so on; of each the request of the lowest priority, of
// these the one with the least KV, which is moved soonest. One move a pair and call: the next call sees what
// it did. A replica that drains has no freeness at all, so it empties; who is down has nothing to give.
#include <algorithm>
#include <tuple>

#include "cluster/freeness.h"
#include "cluster/migrate/moves.h"

namespace loci::cluster {
namespace {

/// The request of `from` that should leave first, or null.
const RunningRequest* first_to_leave(const MigrationView& view, int from) {
  const RunningRequest* first = nullptr;
  const auto rank = [](const RunningRequest& request) {
    return std::tuple(-std::int64_t{request.priority}, request.kv_tokens, request.id);
  };
  for (const RunningRequest& request : view.running) {
    if (request.replica != from) continue;
    if (first == nullptr || rank(request) < rank(*first)) first = &request;
  }
  return first;
}

std::vector<Migration> decide(const MigrationView& view, const MigrationOptions& options) {
  std::vector<std::pair<double, int>> givers, takers;
  for (const ReplicaView& replica : view.replicas) {
    if (replica.state == ReplicaState::kDown) continue;
    const double free = freeness(replica, options.headroom);
    if (free < options.low_freeness) givers.push_back({free, replica.id});
    if (free > options.high_freeness) takers.push_back({-free, replica.id});
  }
  std::ranges::sort(givers);
  std::ranges::sort(takers);
  Moves moves(view);
  for (std::size_t i = 0; i < std::min(givers.size(), takers.size()); ++i) {
    const RunningRequest* request = first_to_leave(view, givers[i].second);
    if (request != nullptr && moves.fits(*request, takers[i].second, options.memory_watermark))
      moves.move(*request, takers[i].second);
  }
  return std::move(moves).done();
}

}  // namespace

const MigrationPolicy kLlumnixMigration{"llumnix", "Llumnix, Sun et al. 2024, section 4.4.3", decide};

}  // namespace loci::cluster
