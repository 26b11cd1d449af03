// Consistent hashing (Karger et al. 1997): replicas own arcs of a circle of 2^64 places; a key belongs to the
// replica of the next point. Many points a replica (virtual nodes) make arcs even, and weights possible.
//
// A point's place depends on the seed, the replica and the point's number alone, so every router with the
// same seed has the same ring. Replicas that may not be chosen are passed over and keep their points: their
// arcs go to those who follow, and nobody else's move. Cost: a binary search; building it, a sort of all
// points.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "cluster/replica_view.h"
#include "memory/block_key.h"

namespace loci::cluster {

/// A permutation of 64 bits without visible structure (the finalizer of SplitMix64, Steele et al. 2014).
std::uint64_t mix(std::uint64_t bits);
inline std::uint64_t mix(const BlockKey& key) {
  return mix(key.low ^ mix(key.high));
}

class HashRing {
 public:
  /// `virtual_nodes`: points of a replica of weight 1, at least one.
  HashRing(std::uint64_t seed, int virtual_nodes) : seed_(seed), virtual_nodes_(virtual_nodes) {}

  /// Takes replicas and weights from the views. Does nothing where they have not changed. O(replicas)
  void follow(std::span<const ReplicaView> replicas);

  /// The first replica from `key` on that accept(replica) agrees to, or -1. Asks each point once at most.
  template <class Accept>
  int owner(std::uint64_t key, const Accept& accept) const {
    const auto from = std::ranges::lower_bound(points_, key, {}, &Point::place);
    const auto start = static_cast<std::size_t>(from - points_.begin());
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const int replica = points_[(start + i) % points_.size()].replica;
      if (accept(replica)) return replica;
    }
    return -1;
  }

  std::size_t points() const { return points_.size(); }

 private:
  struct Point {
    std::uint64_t place = 0;
    int replica = 0;
  };
  int points_of(const ReplicaView& replica) const;

  std::uint64_t seed_;
  int virtual_nodes_;
  std::vector<int> counts_;    // [replica]
  std::vector<Point> points_;  // by place, then replica
};

}  // namespace loci::cluster
