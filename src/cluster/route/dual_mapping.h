// DualMap's mapping (ICLR 2026, arXiv 2602.06502): a prompt's prefix key is hashed with two independent
// functions to two replicas. Equal prefixes meet on two replicas at most, different ones spread as by the
// power of two choices. Each function has its own ring, so that a replica that comes or goes remaps its arcs
// alone.
//
// The key is the chained hash of the leading `prefix_blocks` blocks. A prefix that is asked for so often that
// two replicas could not carry it is hot: then the key is that of twice as many blocks, and so on; where the
// whole prompt is hot, the key is split by the draw. Hot is counted per key over about the last 64 requests a
// replica, with hysteresis, so that keys do not flutter. Part of the router dualmap.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "cluster/hash_ring.h"
#include "cluster/recent_map.h"
#include "cluster/route/route.h"

namespace loci::cluster {

class DualMapping {
 public:
  explicit DualMapping(const RouterOptions& options);

  /// A request for `keys` came, in a fleet with `replicas` candidates: counts its prefixes.
  void count(std::span<const BlockKey> keys, int replicas);
  /// What is hashed of a request. `draw` splits what is hot as a whole.
  std::uint64_t key_of(const RouteRequest& request, double draw) const;
  /// The leading blocks that make the key of `keys` now.
  int depth_of(std::span<const BlockKey> keys) const;

  /// The two replicas of a key among the candidates `ids` (ascending, not empty): different ones, but for a
  /// single candidate.
  std::array<int, 2> candidates(std::uint64_t key, std::span<const ReplicaView> replicas,
                                std::span<const int> ids);

 private:
  struct Popularity {
    double count = 0;  // of requests, each older one counting less
    std::uint64_t at = 0;
    bool hot = false;
  };
  static std::uint64_t name_of(const BlockKey& key) { return mix(key); }
  bool is_hot(const BlockKey& key) const;
  void count_one(const BlockKey& key, int replicas);

  DualMapOptions options_;
  std::size_t prefix_blocks_;
  std::array<HashRing, 2> rings_;
  RecentMap<Popularity> popularity_;
  std::uint64_t requests_ = 0;
};

}  // namespace loci::cluster
