#include "cluster/route/dual_mapping.h"

#include <algorithm>
#include <cmath>

namespace loci::cluster {
namespace {

constexpr std::array<std::uint64_t, 2> kSeeds{0x6475616C6D617031,
                                              0x6475616C6D617032};  // "dualmap1", "dualmap2"
constexpr double kWindowPerReplica = 64;                            // requests that a count remembers
constexpr double kHotCopies = 16;  // keys that a prompt which is hot as a whole is split into

}  // namespace

DualMapping::DualMapping(const RouterOptions& options)
    : options_(options.dualmap),
      prefix_blocks_(static_cast<std::size_t>(options.prefix_blocks)),
      rings_{HashRing(kSeeds[0], options.virtual_nodes), HashRing(kSeeds[1], options.virtual_nodes)},
      popularity_(static_cast<std::size_t>(options.max_remembered)) {}

bool DualMapping::is_hot(const BlockKey& key) const {
  const Popularity* known = popularity_.peek(name_of(key));
  return known != nullptr && known->hot;
}

/// An exponential average with a window that grows with the fleet. Hot above `hot_share` of what two replicas
/// of it take of evenly spread requests, no longer hot below half of that.
void DualMapping::count_one(const BlockKey& key, int replicas) {
  const double window = kWindowPerReplica * replicas;
  Popularity& prefix = popularity_[name_of(key)];
  const auto since = static_cast<double>(requests_ - prefix.at);
  prefix.count = prefix.count * std::exp(-since / window) + 1;
  prefix.at = requests_;
  const double share = prefix.count / window;
  const double limit = options_.hot_share * 2 / replicas;
  prefix.hot = share > (prefix.hot ? limit / 2 : limit);
}

void DualMapping::count(std::span<const BlockKey> keys, int replicas) {
  if (!(options_.hot_share > 0) || keys.empty() || replicas <= 2) return;
  ++requests_;
  for (std::size_t depth = prefix_blocks_;; depth *= 2) {
    const BlockKey& key = keys[std::min(depth, keys.size()) - 1];
    count_one(key, replicas);
    if (depth >= keys.size() || !is_hot(key)) return;
  }
}

int DualMapping::depth_of(std::span<const BlockKey> keys) const {
  std::size_t depth = prefix_blocks_;
  while (depth < keys.size() && is_hot(keys[depth - 1])) depth *= 2;
  return static_cast<int>(std::min(depth, keys.size()));
}

std::uint64_t DualMapping::key_of(const RouteRequest& request, double draw) const {
  const double split = draw > 0 ? std::min(draw, 1.0) : 0;
  if (request.keys.empty())  // too short for a block: nothing to find again
    return request.session != 0 ? mix(request.session) : mix(static_cast<std::uint64_t>(split * 0x1.0p40));
  const auto depth = static_cast<std::size_t>(depth_of(request.keys));
  const BlockKey& last = request.keys[depth - 1];
  const bool all_hot = depth == request.keys.size() && is_hot(last);
  return name_of(last) ^ (all_hot ? mix(static_cast<std::uint64_t>(split * kHotCopies)) : 0);
}

std::array<int, 2> DualMapping::candidates(std::uint64_t key, std::span<const ReplicaView> replicas,
                                           std::span<const int> ids) {
  if (ids.size() == 1) return {ids[0], ids[0]};
  if (options_.mapping == DualMapOptions::Mapping::kModulo) {
    const std::size_t first = mix(key ^ kSeeds[0]) % ids.size();
    const std::size_t second = mix(key ^ kSeeds[1]) % (ids.size() - 1);
    return {ids[first], ids[second < first ? second : second + 1]};
  }
  for (HashRing& ring : rings_) ring.follow(replicas);
  const auto is_candidate = [&](int id) { return std::ranges::binary_search(ids, id); };
  const int first = rings_[0].owner(key, is_candidate);
  const int second = rings_[1].owner(key, [&](int id) { return id != first && is_candidate(id); });
  return {first, second};
}

}  // namespace loci::cluster
