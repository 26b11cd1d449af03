// Fleets and requests for the tests of routing.
#pragma once

#include <random>
#include <vector>

#include "base/philox.h"
#include "cluster/route/route.h"

namespace loci::cluster::testing {

/// Ten thousand tokens a second of prompts, 10 ms a step; memory for 160,000 tokens.
inline ReplicaView idle_replica(int id) {
  ReplicaView replica;
  replica.id = id;
  replica.cost = {10e-3, 8e-5, 1e-8, 1e-9};
  replica.kv_blocks = replica.free_kv_blocks = 10000;
  return replica;
}

/// The keys of a prompt of `blocks` blocks; prompts of the same `family` share their first `shared`.
inline std::vector<BlockKey> prompt_keys(std::uint64_t family, int blocks, std::uint64_t own = 0,
                                         int shared = 1 << 30) {
  std::vector<BlockKey> keys;
  for (int i = 0; i < blocks; ++i) {
    const std::uint64_t mine = i < shared ? 0 : own + 1;
    const auto at = static_cast<std::uint64_t>(i);
    const auto bits = [&](std::uint64_t half) {
      return static_cast<std::uint64_t>(philox_uniform(family, mine * 2 + half, at) * 0x1.0p53);
    };
    keys.push_back({bits(0), bits(1)});
  }
  return keys;
}

struct Fleet {
  std::vector<ReplicaView> replicas;
  PrefixDirectory directory;
  TransferCost transfer{};

  explicit Fleet(int size) {
    for (int i = 0; i < size; ++i) replicas.push_back(idle_replica(i));
  }
  /// The decision of a router, which there must be.
  RouteDecision route(Router& router, const RouteRequest& request, double draw = 0) const {
    return router.route(request, view(draw), Time{}).value();
  }
  ReplicaView& operator[](int id) { return replicas[static_cast<std::size_t>(id)]; }
  RouteView view(double draw = 0) const { return {replicas, &directory, draw, transfer}; }
  void cache(int replica, std::span<const BlockKey> keys) {
    for (const BlockKey& key : keys) directory.stored(replica, key);
  }
};

/// A request for a prompt of `keys` and a few tokens more.
inline RouteRequest request_of(std::span<const BlockKey> keys, double expected_output = 100) {
  RouteRequest request;
  request.keys = keys;
  request.prompt_tokens = static_cast<int>(keys.size()) * request.block_tokens + 5;
  request.expected_output = expected_output;
  return request;
}

/// Load, roles and states as they come.
inline ReplicaView random_replica(int id, std::mt19937& random) {
  ReplicaView replica = idle_replica(id);
  const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  replica.role = static_cast<ReplicaRole>(pick(3));
  replica.state = pick(4) == 0 ? static_cast<ReplicaState>(pick(3)) : ReplicaState::kReady;
  replica.weight = pick(200) == 0 ? 0 : 0.5 * (1 + id % 4);  // a change rebuilds rings
  replica.running = pick(64);
  replica.waiting = pick(3) == 0 ? pick(50) : 0;
  replica.prefill_tokens = pick(20000);
  replica.output_tokens = 1.0 * replica.running * pick(300);
  replica.kv_tokens = 1.0 * replica.running * pick(2000);
  replica.free_kv_blocks = pick(replica.kv_blocks + 1);
  replica.chunk_tokens = 1 << pick(13);
  return replica;
}

}  // namespace loci::cluster::testing
