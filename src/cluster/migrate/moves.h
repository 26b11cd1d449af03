// The moves that a policy of migration has decided so far, and what replicas have left after them.
#pragma once

#include <algorithm>
#include <vector>

#include "cluster/migrate/migrate.h"

namespace loci::cluster {

class Moves {
 public:
  explicit Moves(const MigrationView& view) : replicas_(view.replicas.begin(), view.replicas.end()) {}

  const ReplicaView& at(int id) const { return replicas_[static_cast<std::size_t>(id)]; }
  bool is_replica(int id) const { return id >= 0 && static_cast<std::size_t>(id) < replicas_.size(); }
  std::span<const ReplicaView> replicas() const { return replicas_; }

  /// `to` may take `request` and would stay within `watermark` of its memory.
  bool fits(const RunningRequest& request, int to, double watermark) const {
    const ReplicaView& there = at(to);
    if (to == request.replica || !there.takes_requests() || there.sequences() >= there.max_sequences)
      return false;
    return there.kv_blocks <= 0 ||
           there.used_kv_blocks() + blocks(request, there) <= watermark * there.kv_blocks;
  }
  void move(const RunningRequest& request, int to) {
    ReplicaView &from = replicas_[static_cast<std::size_t>(request.replica)],
                &there = replicas_[static_cast<std::size_t>(to)];
    take(from, request, -1);
    take(there, request, 1);
    moves_.push_back({request.id, request.replica, to});
  }
  std::vector<Migration> done() && { return std::move(moves_); }

 private:
  static double blocks(const RunningRequest& request, const ReplicaView& replica) {
    return std::ceil(1.0 * std::max(0, request.kv_tokens) / std::max(1, replica.block_tokens));
  }
  static void take(ReplicaView& replica, const RunningRequest& request, int sign) {
    const double free = replica.free_kv_blocks - sign * blocks(request, replica);
    replica.free_kv_blocks = static_cast<int>(std::clamp(free, 0.0, 1.0 * std::max(0, replica.kv_blocks)));
    replica.running = std::max(0, std::clamp(replica.running, 0, 1 << 30) + sign);
    replica.kv_tokens = std::max(0.0, replica.kv_tokens + 1.0 * sign * request.kv_tokens);
  }

  std::vector<ReplicaView> replicas_;
  std::vector<Migration> moves_;
};

}  // namespace loci::cluster
