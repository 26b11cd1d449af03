// What routing policies see of a replica: a read-only picture, as its owner (the gateway, the simulator) last
// saw or inferred it. Whoever routes keeps it current: a request that was just sent counts as waiting before
// the replica says so, or the next request goes to the same place.
//
// A replica's id is its index in the list of views. One that has gone stays in its slot as kDown, until
// another takes the slot over; so rings, tables and the directory are indexed by it.
#pragma once

#include <cmath>
#include <span>

#include "sched/cost_model.h"

namespace loci::cluster {

/// What a replica is kept for. A preference, not a capability: every engine computes prompts and single
/// tokens, and where nobody of the wanted role is ready another does it.
enum class ReplicaRole { kMixed, kPrefill, kDecode };

/// Draining: finishes what it has and takes nothing new. Down: answers nothing; what it cached is lost.
enum class ReplicaState { kReady, kDraining, kDown };

struct ReplicaView {
  int id = 0;  // its index in RouteView::replicas
  ReplicaRole role = ReplicaRole::kMixed;
  ReplicaState state = ReplicaState::kReady;
  double weight = 1;  // its share of the requests, for the policies that go by weight; 0: takes none

  int running = 0, waiting = 0;  // sequences that hold KV; that hold none yet
  double prefill_tokens = 0;     // still to compute of prompts that wait or run, without what is cached
  double output_tokens = 0;      // expected still to come of what runs and waits
  double kv_tokens = 0;          // positions held by running sequences: what a step of single tokens reads

  int kv_blocks = 0, free_kv_blocks = 0;  // all; those that nobody holds, cached or not. kv_blocks 0: unknown
  int block_tokens = 16;
  int head_blocks = 0;       // that the first of those who wait needs
  int priority_running = 0;  // of `running`, those of high priority

  int chunk_tokens = 512;  // rows of a step, single tokens and prompts together; 0: it computes no prompts
  int max_sequences = 64;  // that may run at once
  CostModel::Coefficients cost{20e-3, 6e-4, 1e-6, 1e-7};  // all 0: unknown
  bool measured = true;    // `cost` is of steps that were run; else nobody is refused for what it predicts
  double recent_tpot = 0;  // seconds, mean of what ended lately; 0: unknown

  double sequences() const { return 0.0 + running + waiting; }
  double used_kv_blocks() const { return 0.0 + kv_blocks - free_kv_blocks; }
  /// Share of KV memory that is held, 0..1; 0 where the memory is unknown.
  double kv_use() const { return kv_blocks > 0 ? used_kv_blocks() / kv_blocks : 0; }
  /// May be given new requests.
  bool takes_requests() const { return state == ReplicaState::kReady && weight > 0; }
};

/// What moving KV between two replicas takes.
struct TransferCost {
  double latency = 0;           // seconds before the first byte
  double bytes_per_second = 0;  // 0: moving is free
  double bytes_per_token = 0;   // of KV

  double seconds(double tokens) const {
    return bytes_per_second > 0 ? latency + tokens * bytes_per_token / bytes_per_second : latency;
  }
};

}  // namespace loci::cluster
