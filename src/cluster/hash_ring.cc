#include "cluster/hash_ring.h"

#include <tuple>

namespace loci::cluster {
namespace {

constexpr double kLeastWeight = 0.01, kMostWeight = 16;  // relative to 1: a ring's size is bounded

}  // namespace

std::uint64_t mix(std::uint64_t bits) {
  bits += 0x9E3779B97F4A7C15U;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31);
}

int HashRing::points_of(const ReplicaView& replica) const {
  if (!(replica.weight > 0)) return 0;
  const double weight = std::clamp(replica.weight, kLeastWeight, kMostWeight);
  return std::max(1, static_cast<int>(weight * virtual_nodes_));
}

void HashRing::follow(std::span<const ReplicaView> replicas) {
  const bool same = std::ranges::equal(
      replicas, counts_, [&](const ReplicaView& replica, int count) { return points_of(replica) == count; });
  if (same) return;
  counts_.clear();
  points_.clear();
  for (const ReplicaView& replica : replicas) {
    counts_.push_back(points_of(replica));
    const auto id = static_cast<std::uint64_t>(replica.id);
    for (int i = 0; i < counts_.back(); ++i)
      points_.push_back({mix(seed_ ^ mix(id << 32 | static_cast<std::uint64_t>(i))), replica.id});
  }
  std::ranges::sort(points_, {}, [](const Point& point) { return std::tuple(point.place, point.replica); });
}

}  // namespace loci::cluster
