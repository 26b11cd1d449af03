// A directory without block events: what replicas are believed to hold because a router sent it there, for
// engines that report nothing (the approximate radix trees of SGLang's router and of ingress gateways).
//
// Believed until `seconds` have passed since a block was last sent for, or until the replica was sent more
// than `blocks` others: then the least recent goes, of one prompt the last block first, as an engine would
// evict. What an engine gave up earlier is believed too long, which costs a wrong guess and nothing else.
// Owner: one router. Memory about 120 bytes a block. Cost of routed(): O(blocks of the prompt).
#pragma once

#include <list>
#include <span>
#include <vector>

#include "base/time.h"
#include "cluster/prefix_directory.h"
#include "memory/key_map.h"

namespace loci::cluster {

class AssumedPrefixes {
 public:
  AssumedPrefixes(std::size_t blocks, double seconds) : most_(blocks), lives_(seconds), directory_(blocks) {}

  /// A prompt of these blocks was sent to `replica`.
  void routed(int replica, std::span<const BlockKey> keys, Time now);
  /// The replica has gone, and what it held.
  void forget(int replica);
  /// What is believed now.
  const PrefixDirectory& at(Time now);

 private:
  struct Belief {
    BlockKey key;
    Time since{};
  };
  using Order = std::list<Belief>;  // most recent first
  struct Replica {
    Order order{};
    KeyMap<Order::iterator> where{};
  };
  void drop_last(int replica);

  std::size_t most_;
  double lives_;
  PrefixDirectory directory_;
  std::vector<Replica> replicas_;
};

}  // namespace loci::cluster
