// DualMap's hotspot-aware rebalancing: which waiting requests should leave replicas that are overloaded.
#pragma once

#include <span>
#include <vector>

#include "cluster/route/dual_mapping.h"

namespace loci::cluster {

/// A replica is overloaded while its queue takes longer than the TTFT asked for (`ttft_slo` for requests that
/// name none; without any, twice the mean queue). Its requests leave it, those with the least cached prefix
/// first, so that the moves lose the fewest hits; to the other candidate of their key if they are predicted
/// to begin in time there, else to the replica with the shortest queue, if that is below half the limit. Each
/// move counts in what the next one sees. Cost O(waiting * (log waiting + blocks of a prompt + replicas)).
std::vector<Migration> rebalance_hotspots(std::span<const WaitingRequest> waiting, const RouteView& view,
                                          DualMapping& mapping, double ttft_slo);

}  // namespace loci::cluster
