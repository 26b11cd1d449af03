// Which replica holds which block, exactly, as their block events say (memory/kv_events.h). A router asks how
// much of a prompt a replica would not have to compute.
//
// Because keys are chained, the leading blocks of a prompt that a replica holds are the prompt's cached
// prefix there. One hash table of keys per 64 replicas; its value is a bit for each of them, so that a
// prompt is matched with all of them in one walk. Keys are probed in order of a multiplied half of the key:
// whoever sends keys of little variety makes it slower, not wrong.
//
// Memory is bounded: 24 bytes a slot, at most 8/3 slots a distinct block after growth, and no replica is
// believed to hold more than `max_blocks` blocks; what exceeds that is counted in dropped() and not recorded,
// which costs hits and nothing else. Owner: one thread. Cost: a probe (about one cache miss) per block and 64
// replicas; cleared() walks the whole table.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "memory/block_key.h"
#include "memory/kv_events.h"

namespace loci::cluster {

/// Block keys -> which of 64 replicas hold the block. Open addressing; an empty mask is a free slot.
class HolderTable {
 public:
  /// 0: nobody.
  std::uint64_t find(const BlockKey& key) const;
  /// Asks the processor to have the slot of `key` at hand soon.
  void prefetch(const BlockKey& key) const { __builtin_prefetch(&slots_[home(key)]); }
  /// False if it was set.
  bool add(const BlockKey& key, std::uint64_t bit);
  /// False if it was not set.
  bool remove(const BlockKey& key, std::uint64_t bit);
  /// Takes `bit` away everywhere.
  void clear(std::uint64_t bit);
  std::size_t size() const { return size_; }
  std::size_t slots() const { return slots_.size(); }

 private:
  struct Slot {
    BlockKey key;
    std::uint64_t holders = 0;
  };
  std::size_t home(const BlockKey& key) const;
  std::size_t slot_of(const BlockKey& key) const;  // of the key, or the free one where it would be
  void erase(std::size_t hole);
  void rehash(std::size_t slots);

  std::vector<Slot> slots_ = std::vector<Slot>(16);
  int shift_ = 60;  // 64 - log2(slots)
  std::size_t size_ = 0;
};

class PrefixDirectory {
 public:
  /// `max_blocks`: that one replica can be known to hold.
  explicit PrefixDirectory(std::size_t max_blocks = std::size_t{1} << 24) : max_blocks_(max_blocks) {}

  /// Replicas are numbered from 0; the tables grow with the highest number that was stored.
  void stored(int replica, const BlockKey& key);
  void removed(int replica, const BlockKey& key);
  /// Holds nothing any more, or is gone.
  void cleared(int replica);

  /// The next events of a replica, in order. Those that were seen are skipped. Where some are missing, blocks
  /// may be recorded that are not there any more, so all that was known of the replica is forgotten first.
  /// Returns false then.
  bool apply(int replica, std::span<const KvEvent> events);
  /// The number of the last event that was applied; 0: none.
  std::uint64_t last_event(int replica) const;
  /// cleared(), and its events begin anew.
  void forget(int replica);

  /// Leading blocks of `keys` that `replica` holds.
  int match(int replica, std::span<const BlockKey> keys) const;
  /// The same for replicas 0 .. matches.size() - 1 in one walk.
  void match_all(std::span<const BlockKey> keys, std::span<int> matches) const;

  /// That `replica` is known to hold.
  std::size_t blocks(int replica) const;
  std::uint64_t dropped() const { return dropped_; }
  std::size_t bytes() const;

 private:
  struct Replica {
    std::size_t blocks = 0;
    std::uint64_t last_event = 0;
  };
  Replica& replica_at(int replica);
  HolderTable& table_of(int replica) { return tables_[static_cast<std::size_t>(replica) / 64]; }
  static std::uint64_t bit_of(int replica) { return std::uint64_t{1} << (replica % 64); }
  bool knows(int replica) const {
    return replica >= 0 && static_cast<std::size_t>(replica) < replicas_.size();
  }

  std::size_t max_blocks_;
  std::vector<Replica> replicas_;
  std::vector<HolderTable> tables_;  // [replica / 64]
  std::uint64_t dropped_ = 0;
};

}  // namespace loci::cluster
