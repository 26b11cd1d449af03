// Where one sequence's KV lies: position p is in block table[p / block_tokens]. Owns its leases: a table
// gives every block back when it is cleared or destroyed. Owner: the engine thread.
#pragma once

#include <cstdint>
#include <vector>

#include "memory/block_pool.h"

namespace loci {

class BlockTable {
 public:
  BlockTable(BlockPool& pool, int block_tokens) : pool_(&pool), block_tokens_(block_tokens) {}
  BlockTable(BlockTable&& other) noexcept
      : pool_(other.pool_), block_tokens_(other.block_tokens_), blocks_(std::move(other.blocks_)) {
    other.blocks_.clear();
  }
  BlockTable& operator=(BlockTable&& other) = delete;
  ~BlockTable() { clear(); }

  /// Leases what is missing for `tokens` tokens. False, with nothing changed, if the pool has too few free
  /// blocks.
  bool grow_to(int tokens);
  void clear();

  int block_count() const { return static_cast<int>(blocks_.size()); }
  const std::uint32_t* data() const { return blocks_.data(); }  // as the kernels read it

 private:
  BlockPool* pool_;
  int block_tokens_;
  std::vector<std::uint32_t> blocks_;
};

/// Blocks that hold `tokens` tokens.
constexpr int blocks_for(int tokens, int block_tokens) {
  return (tokens + block_tokens - 1) / block_tokens;
}

}  // namespace loci
