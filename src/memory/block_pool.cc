#include "memory/block_pool.h"

#include "base/check.h"

namespace loci {

BlockPool::BlockPool(int blocks) : leased_(static_cast<std::size_t>(blocks)) {
  LOCI_CHECK(blocks >= 0);
  free_.reserve(leased_.size());
  for (std::size_t i = leased_.size(); i-- > 0;) free_.push_back(static_cast<BlockId>(i));
}

std::optional<BlockId> BlockPool::acquire() {
  if (free_.empty()) return std::nullopt;
  const BlockId block = free_.back();
  free_.pop_back();
  LOCI_CHECK(!leased_[raw(block)]);
  leased_[raw(block)] = true;
  return block;
}

void BlockPool::release(BlockId block) {
  LOCI_CHECK(raw(block) < leased_.size() && leased_[raw(block)]);
  leased_[raw(block)] = false;
  free_.push_back(block);
}

void BlockPool::check_invariants() const {
  std::vector<bool> free(leased_.size());
  for (const BlockId block : free_) {
    LOCI_CHECK(raw(block) < leased_.size() && !free[raw(block)]);
    free[raw(block)] = true;
  }
  for (std::size_t i = 0; i < leased_.size(); ++i) LOCI_CHECK(free[i] != leased_[i]);
}

}  // namespace loci
