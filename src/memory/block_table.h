// Where one sequence's KV lies: position p is in block table[p / block_tokens]. Owns its holds: a table gives
// every block back when it is destroyed. KvMemory fills it. Owner: the engine thread.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace loci {

class KvMemory;

class BlockTable {
 public:
  explicit BlockTable(KvMemory& memory) : memory_(&memory) {}
  BlockTable(BlockTable&& other) noexcept
      : memory_(other.memory_), blocks_(std::exchange(other.blocks_, {})), sealed_(other.sealed_) {}
  BlockTable& operator=(BlockTable&& other) = delete;
  ~BlockTable();

  int block_count() const { return static_cast<int>(blocks_.size()); }
  BlockId block(int index) const { return static_cast<BlockId>(blocks_[static_cast<std::size_t>(index)]); }
  int sealed_blocks() const { return sealed_; }
  std::span<const std::uint32_t> blocks() const { return blocks_; }
  const std::uint32_t* data() const { return blocks_.data(); }  // as the kernels read it

 private:
  friend class KvMemory;
  KvMemory* memory_;
  std::vector<std::uint32_t> blocks_;
  int sealed_ = 0;  // leading blocks that the prefix index knows
};

/// Blocks that `tokens` tokens take.
constexpr int blocks_for(int tokens, int block_tokens) {
  return (tokens + block_tokens - 1) / block_tokens;
}

}  // namespace loci
