// What the operator sets of a router; every field has a default that is good without flags.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace loci::cluster {

/// DualMap's parts, each of which can be switched off to measure what it is worth.
struct DualMapOptions {
  enum class Mapping { kRing, kModulo };                        // modulo: remaps nearly all when one is added
  enum class Choice { kSwitch, kAlwaysAffinity, kAlwaysLoad };  // switch: by the SLO
  Mapping mapping = Mapping::kRing;
  Choice choice = Choice::kSwitch;
  double hot_share = 0.5;  // times what two replicas can take of the requests: a prefix above it is extended;
                           // 0: never
  bool rebalance = true;   // moves waiting requests away from replicas that are overloaded
  bool drain_serves = false;  // one that drains still takes what it has the longest match for
};

struct RouterOptions {
  int virtual_nodes = 100;       // points of a replica of weight 1 on a ring
  double bounded_load = 0;       // rings pass over replicas above (1 + so much) times the mean load; 0: never
  int prefix_blocks = 16;        // leading blocks of a prompt that are its key on a ring
  int max_remembered = 1 << 16;  // sessions, prefixes that are counted: the least recent is forgotten
  int assumed_blocks = 0;  // of a replica that are believed to be where they were routed, if the owner has no
                           // directory; 0: none are
  double assumed_seconds = 300;    // for so long
  double memory_watermark = 0.95;  // share of KV memory from which on a session goes elsewhere
  double prefill_weight = 1;       // prefix-aware: of a block to compute beside a block held
  double temperature = 0;          // prefix-aware: of the softmax over costs; 0: the least
  double ttft_slo = 0;             // seconds, of requests that name none; 0: none
  double tpot_slo = 0;
  double balancing =
      1.5;  // conductor: a prefix is pulled from a replica that has so many times as much of it
  bool fetch_prefixes = false;  // conductor: whoever applies its decisions can pull
  double spill_seconds = 1;     // splitwise: of queue, from which on the mixed pool, then the other one helps
  double headroom = 0;          // llumnix: share of KV memory kept free where a request of high priority runs
  DualMapOptions dualmap{};
};

/// kInvalidArgument naming the field that cannot be.
Result<> validate(const RouterOptions& options);

}  // namespace loci::cluster
