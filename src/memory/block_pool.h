// The control half of KV memory: which block belongs to whom. Knows numbers only; the bytes are kv_arena.h's.
//
// A block is free or leased; a lease is counted, so that sequences may share a block. Every acquire is paired
// with one release on every path (third law), and a block's generation rises each time it becomes free, so
// that a stale reference can be told from a live one. Owner: the engine thread. acquire and release are O(1).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace loci {

class BlockPool {
 public:
  explicit BlockPool(int blocks);

  /// A block with one reference, or nothing if none is free. The most recently freed block comes first: its
  /// bytes may still be in the processor's cache.
  std::optional<BlockId> acquire();
  void share(BlockId block);    // one more reference to a leased block
  void release(BlockId block);  // one reference less; the last one frees the block

  int total() const { return static_cast<int>(blocks_.size()); }
  int free() const { return static_cast<int>(free_.size()); }
  int used() const { return total() - free(); }
  int references(BlockId block) const;
  std::uint32_t generation(BlockId block) const;

  /// Aborts if a block is neither free nor leased, or is both. O(blocks).
  void check_invariants() const;

 private:
  struct Block {
    std::int32_t references = 0;
    std::uint32_t generation = 0;
  };
  Block& leased(BlockId block);

  std::vector<Block> blocks_;
  std::vector<BlockId> free_;  // a stack
};

}  // namespace loci
