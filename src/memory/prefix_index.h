// What is known of cached blocks: a tree of block keys (RadixAttention, Zheng et al. 2024, at the granularity
// of blocks), and in which order they are given up.
//
// A node is a block's content. Its bytes are in the fast arena, in a slot of the host tier, or in both.
// Invariant: where a node has a fast block, so has its parent. So what is fast of a chain is its beginning,
// and only leaves (nodes without a fast child) are given up. Owner: the engine thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "memory/block_key.h"
#include "memory/block_pool.h"
#include "memory/evict/evict.h"
#include "memory/key_map.h"
#include "memory/rank_heap.h"

namespace loci {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = ~NodeId{0};
using HostSlot = std::uint32_t;

struct PrefixNode {
  BlockKey key;
  NodeId parent = kNoNode;  // valid while `fast` is set; kNoNode for the first block of a chain
  int index = 0;            // in its chain
  int fast_children = 0;
  std::optional<BlockRef> fast;
  std::optional<HostSlot> host;
  bool idle = false;       // fast, and nobody holds it
  std::uint64_t used = 0;  // when it was used last, on the index's count
  Time released{};         // when its last holder left
  int hits = 0;
  int priority = kDefaultRetentionPriority;
  Time expires = Time::max();  // of the priority
};

class PrefixIndex {
 public:
  /// Allocates nothing while it has at most `nodes` nodes and no retention ends.
  PrefixIndex(EvictFunction rank, int block_tokens, int nodes);

  NodeId find(const BlockKey& key) const;
  const PrefixNode& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return by_key_.size(); }

  /// The node of `key`, now with the fast block; made if it is new. `parent` has a fast block, or is kNoNode.
  NodeId add_fast(const BlockKey& key, NodeId parent, int index, const BlockRef& block);
  /// Takes the fast block away from an idle leaf; the node goes too if it has no host slot.
  void remove_fast(NodeId id);
  void set_host(NodeId id, HostSlot slot);
  /// Takes the host slot away; the node goes too if it has no fast block.
  void remove_host(NodeId id);

  /// Somebody found it.
  void hit(NodeId id);
  /// The first holder came, the last one left.
  void set_held(NodeId id);
  void set_idle(NodeId id, Time now);
  void retain(NodeId id, int priority, Time expires);

  /// The idle leaf that goes first, or kNoNode.
  NodeId first_to_evict(Time now);
  /// Of those with a host slot, the one whose slot goes first, or kNoNode.
  NodeId first_to_evict_from_host() const { return host_queue_.empty() ? kNoNode : host_queue_.top(); }

  /// Aborts if the tree, the map, the queues and the blocks of `pool` contradict each other. O(nodes).
  void check_invariants(const BlockPool& pool) const;

 private:
  NodeId make(const BlockKey& key);
  void forget_if_empty(NodeId id);
  void enqueue_if_leaf(NodeId id);
  double rank_of(const PrefixNode& node) const;
  void expire(Time now);
  EvictFunction rank_;
  int block_tokens_;
  KeyMap<NodeId> by_key_;
  std::vector<PrefixNode> nodes_;
  std::vector<bool> alive_;
  std::vector<NodeId> unused_;
  RankHeap leaves_;      // idle, no fast child
  RankHeap host_queue_;  // with a host slot
  struct Expiry {
    Time at;
    NodeId node;
    BlockKey key;
  };
  bool is_current(const Expiry& expiry) const;  // the node is still there, and not retained anew
  void drop_stale_expiries();
  std::vector<Expiry> expiries_;  // a heap, earliest first
  std::uint64_t clock_ = 0;
  double inflation_ = 0;
};

}  // namespace loci
