// A ring on which replicas above (1 + bounded_load) times the mean load are passed over: consistent hashing
// with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2018). Part of the routers that hash.
#pragma once

#include <algorithm>
#include <cmath>

#include "cluster/hash_ring.h"
#include "cluster/route/route.h"

namespace loci::cluster {

class BoundedRing {
 public:
  BoundedRing(std::uint64_t seed, const RouterOptions& options)
      : ring_(seed, options.virtual_nodes), excess_(options.bounded_load) {}

  /// Call before the others, for each request. `ids`: the candidates, ascending, not empty.
  void follow(std::span<const ReplicaView> replicas, std::span<const int> ids) {
    ring_.follow(replicas);
    replicas_ = replicas;
    ids_ = ids;
    fair_ = excess_ > 0 ? mean_load() * (1 + excess_) : 0;
  }
  /// `id` would not be above the bound with one more request.
  bool within_bound(int id) const {
    const ReplicaView& replica = replicas_[static_cast<std::size_t>(id)];
    return excess_ <= 0 || replica.sequences() + 1 <= std::ceil(fair_ * replica.weight);
  }
  /// The owner of `key` among the candidates that accept(id) agrees to, or -1.
  template <class Accept>
  int owner(std::uint64_t key, const Accept& accept) const {
    return ring_.owner(key, [&](int id) { return std::ranges::binary_search(ids_, id) && accept(id); });
  }
  /// The owner of `key` among all candidates.
  int owner(std::uint64_t key) const {
    return owner(key, [](int) { return true; });
  }

 private:
  /// Requests per weight, counting the one that is being routed.
  double mean_load() const {
    double load = 1, weight = 0;
    for (const int id : ids_) {
      load += replicas_[static_cast<std::size_t>(id)].sequences();
      weight += replicas_[static_cast<std::size_t>(id)].weight;
    }
    return load / weight;
  }

  HashRing ring_;
  double excess_;
  std::span<const ReplicaView> replicas_;
  std::span<const int> ids_;
  double fair_ = 0;
};

}  // namespace loci::cluster
