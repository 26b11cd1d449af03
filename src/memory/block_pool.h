// The control half of KV memory: which blocks are free, held or idle. Knows numbers only; the bytes are
// kv_arena.h's.
//
//   free --acquire--> held --release--> free
//                     held, kept --release--> idle --hold--> held
//                                             idle --drop--> free
//
// A held block counts its holders: each acquire and hold is paired with one release on every path (third
// law). A block that is kept (the prefix index knows what it holds) becomes idle, not free, when its last
// holder leaves. Who knows a block without holding it (the prefix index) keeps a BlockRef: each time that a
// block becomes free its generation rises, and a reference from before aborts instead of reading another's
// KV. So does any other wrong transition. Owner: the engine thread. All but check_invariants is O(1).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace loci {

/// A block as it was when the reference was made.
struct BlockRef {
  BlockId block;
  std::uint32_t generation;
};

class BlockPool {
 public:
  explicit BlockPool(int blocks);

  /// A block with one holder, or nothing if none is free. The most recently freed block comes first: its
  /// bytes may still be in the processor's cache.
  std::optional<BlockId> acquire();
  /// One holder more, beside those that it has.
  void share(BlockId block);
  /// One holder more, of a held or an idle block that has not been free since the reference was made.
  void hold(const BlockRef& reference);
  void release(BlockId block);

  /// A held block will be idle, not free, when nobody holds it.
  void keep(BlockId block);
  /// An idle block becomes free.
  void drop(BlockId block);

  int holders(BlockId block) const { return at(block).holders; }
  bool is_kept(BlockId block) const { return at(block).kept; }
  BlockRef reference(BlockId block) const { return {block, at(block).generation}; }
  bool is_current(const BlockRef& reference) const {
    return at(reference.block).generation == reference.generation;
  }

  /// Rises whenever a block of several holders gains or loses one.
  std::uint64_t sharing() const { return sharing_; }

  int total() const { return static_cast<int>(blocks_.size()); }
  int free() const { return static_cast<int>(free_.size()); }
  int idle() const { return idle_; }
  int used() const { return total() - free() - idle(); }  // held

  /// Aborts if the blocks' states and the lists contradict each other. O(blocks).
  void check_invariants() const;

 private:
  struct Block {
    int holders = 0;
    bool kept = false;
    std::uint32_t generation = 0;
  };
  Block& at(BlockId block);
  const Block& at(BlockId block) const { return const_cast<BlockPool*>(this)->at(block); }
  void make_free(BlockId block);

  std::vector<Block> blocks_;
  std::vector<BlockId> free_;  // a stack
  int idle_ = 0;
  std::uint64_t sharing_ = 0;
};

}  // namespace loci
