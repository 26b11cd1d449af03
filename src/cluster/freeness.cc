#include "cluster/freeness.h"

#include <algorithm>
#include <limits>

namespace loci::cluster {

double freeness(const ReplicaView& replica, double headroom) {
  if (!replica.takes_requests()) return std::numeric_limits<double>::lowest();
  const double running = std::max(1, replica.running);
  if (replica.kv_blocks <= 0) return (replica.max_sequences - replica.sequences()) / running;
  double blocks = replica.free_kv_blocks;
  blocks -= std::max(0, replica.head_blocks);
  if (replica.priority_running > 0) blocks -= headroom * replica.kv_blocks;
  return blocks * std::max(1, replica.block_tokens) / running;
}

}  // namespace loci::cluster
