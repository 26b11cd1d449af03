// The control half of KV memory: which blocks are free and which are leased. Knows numbers only; the bytes
// are kv_arena.h's.
//
// Every acquire is paired with one release on every path (third law); a release of a block that is not leased
// aborts. Owner: the engine thread. acquire and release are O(1).
#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"

namespace loci {

class BlockPool {
 public:
  explicit BlockPool(int blocks);

  /// A lease on a block, or nothing if none is free. The most recently freed block comes first: its bytes may
  /// still be in the processor's cache.
  std::optional<BlockId> acquire();
  void release(BlockId block);

  int total() const { return static_cast<int>(leased_.size()); }
  int free() const { return static_cast<int>(free_.size()); }
  int used() const { return total() - free(); }

  /// Aborts if a block is neither free nor leased, or is both. O(blocks).
  void check_invariants() const;

 private:
  std::vector<bool> leased_;   // [block]
  std::vector<BlockId> free_;  // a stack
};

}  // namespace loci
