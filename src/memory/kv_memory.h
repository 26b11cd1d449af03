// The control half of KV memory as one owner: pool, prefix index, host tier and block tables. It decides
// nothing about sequences; it says what is there, and every change of a block's state goes through it.
//
// A block's life:
//   free -> held -> sealed (whole, known to the index, shared) -> idle (cached) -> evicted -> free
//                                                                          \-> demoted to the host tier ->
//                                                                          held again
// Bytes are not touched here: what must be copied before the step's kernels run is listed (take_copies).
// Owner: the engine thread.
#pragma once

#include <span>
#include <vector>

#include "memory/block_copy.h"
#include "memory/block_pool.h"
#include "memory/block_table.h"
#include "memory/kv_events.h"
#include "memory/kv_stats.h"
#include "memory/prefix_index.h"

namespace loci {

/// How fast somebody computes a prefix: without pause, or only when others leave time for it. Who goes
/// steadily waits for those alone who do so too.
enum class Pace { kSteady, kIdle };

/// What memory holds of a chain's beginning.
struct PrefixMatch {
  int fast_blocks = 0;
  int host_blocks = 0;     // behind the fast ones
  int blocks_in_use = 0;   // of the fast ones, held by somebody now
  int pending_blocks = 0;  // behind all these: somebody is computing them

  int blocks() const { return fast_blocks + host_blocks; }
};

class KvMemory {
 public:
  struct Options {
    int blocks;
    int block_tokens;
    int host_blocks = 0;  // slots of the host tier; 0: there is none
    EvictFunction evict = evict_lru;
    std::size_t kept_events = 0;  // stored and removed blocks that can still be read; 0: not recorded
  };
  explicit KvMemory(const Options& options);

  int block_tokens() const { return options_.block_tokens; }
  /// Free, or idle and so free on demand.
  int available() const { return pool_.free() + pool_.idle(); }
  const BlockPool& pool() const { return pool_; }
  int host_used() const { return options_.host_blocks - static_cast<int>(free_slots_.size()); }
  bool has_host_tier() const { return options_.host_blocks > 0; }
  const KvStats& stats() const { return stats_; }
  const KvEvents& events() const { return events_; }
  /// Rises whenever a match() could find more / less than before.
  std::uint64_t growth() const { return growth_; }
  std::uint64_t losses() const { return losses_; }

  /// What is there of the first `most_blocks` blocks of `chain`, and what is coming for who goes at `pace`.
  /// O(blocks found).
  PrefixMatch match(const KeyChain& chain, int most_blocks, Pace pace = Pace::kSteady) const;

  /// The blocks of the fast tier that hold the beginning of `chain`, up to the first that is not there.
  std::vector<BlockId> fast_blocks(const KeyChain& chain) const;

  /// Two halves of taking a match over into an empty table: first the fast blocks are held, for all who
  /// start, then the host's are brought back. False, with the table as it was, if blocks are lacking.
  void hold_prefix(BlockTable& table, const KeyChain& chain, int blocks, Time now);
  bool fetch_prefix(BlockTable& table, const KeyChain& chain, int blocks, Time now);

  /// For the statistics: a prompt's tokens, those found of them, those that came from the host tier.
  void count_lookup(int prompt_tokens, int found_tokens, int host_tokens);

  /// Adds blocks until the table has room for `tokens` tokens; gives idle blocks up for it. False, with
  /// nothing changed, if there are too few.
  bool grow(BlockTable& table, int tokens, Time now);
  /// Makes room in the table itself, so that it can grow to `tokens` tokens without an allocation.
  void reserve(BlockTable& table, int tokens) const;
  /// Is the block into which position `position` goes held by others too?
  bool is_shared(const BlockTable& table, int position) const;
  /// Rises whenever the shared_blocks() of a table may have changed.
  std::uint64_t sharing() const { return pool_.sharing(); }
  /// Blocks of `table` that others hold too: releasing it does not make them available. O(blocks).
  int shared_blocks(const BlockTable& table) const;
  /// Makes it this table's own, by copy on write. False if no block is available.
  bool make_writable(BlockTable& table, int position, Time now);
  /// `to`, empty, holds what `from` holds. Nothing is copied until somebody writes.
  void fork(const BlockTable& from, BlockTable& to);

  /// The first `tokens` tokens of `table` are computed: whole blocks among them become known to the index.
  /// A block whose content the index has already is replaced by that one. `tokens_of`: the sequence's tokens.
  void seal(BlockTable& table, const KeyChain& chain, int tokens, std::span<const TokenId> tokens_of,
            Time now);
  /// Keeps sealed block `index` longer or shorter than others (priority 0..100) until `expires`.
  void retain(const BlockTable& table, int index, int priority, Time expires);
  /// Drops the holds behind the first `blocks` blocks.
  void shrink(BlockTable& table, int blocks, Time now);
  void release(BlockTable& table, Time now) { shrink(table, 0, now); }
  /// Copies those sealed blocks to the host tier that nobody else holds, as far as it has room.
  void copy_to_host(const BlockTable& table, Time now);
  /// Gives up what is idle of `chain` from block `first` on: it is damaged, or nobody may find it any more.
  void forget(const KeyChain& chain, int first, Time now);
  /// Gives up everything that is idle, and the host tier's content.
  void clear_cache(Time now);

  /// Blocks of `chain` from `first` to `end` are being computed by somebody; others may wait for them.
  void announce(const KeyChain& chain, int first, int end, Pace pace = Pace::kSteady);
  void withdraw(const KeyChain& chain, int first, int end, Pace pace = Pace::kSteady);

  /// The copies to be made before the step's kernels run; the list is the caller's until the next call.
  std::span<const BlockCopy> take_copies();
  /// A block came back from the host tier with a wrong checksum. Whoever holds it shrinks and forgets.
  void count_damage() { ++stats_.damaged_blocks; }

  /// Aborts where pool, index and host tier contradict each other, or where the tables do not hold what the
  /// pool counts as held. O(blocks).
  void check_invariants(std::span<const BlockTable* const> tables) const;

 private:
  friend class BlockTable;
  std::optional<BlockId> acquire(Time now);
  void evict(NodeId id, Time now);
  void drop_fast(NodeId id, Time now);
  void evict_host(NodeId id);
  void demote(NodeId id);
  void hold(NodeId id, Time now);
  void release_block(BlockId block, Time now);
  NodeId node_of(BlockId block) const { return node_of_block_[raw(block)]; }

  Options options_;
  BlockPool pool_;
  PrefixIndex index_;
  std::vector<NodeId> node_of_block_;  // [block], kNoNode where it is not sealed
  std::vector<HostSlot> free_slots_;   // a stack
  struct Pending {
    int steady = 0, idle = 0;  // who compute it, by pace

    int& at(Pace pace) { return pace == Pace::kSteady ? steady : idle; }
    bool serves(Pace pace) const { return steady > 0 || (pace == Pace::kIdle && idle > 0); }
  };
  KeyMap<Pending> pending_;
  std::vector<BlockCopy> copies_, taken_copies_;
  KvStats stats_;
  KvEvents events_;
  std::uint64_t growth_ = 0, losses_ = 0;
};

}  // namespace loci
