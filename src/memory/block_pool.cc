#include "memory/block_pool.h"

#include "base/check.h"

namespace loci {

BlockPool::BlockPool(int blocks) : blocks_(static_cast<std::size_t>(blocks)) {
  LOCI_CHECK(blocks >= 0);
  free_.reserve(blocks_.size());
  for (std::size_t i = blocks_.size(); i-- > 0;) free_.push_back(static_cast<BlockId>(i));
}

std::optional<BlockId> BlockPool::acquire() {
  if (free_.empty()) return std::nullopt;
  const BlockId id = free_.back();
  free_.pop_back();
  Block& block = blocks_[raw(id)];
  LOCI_CHECK(block.references == 0);
  block.references = 1;
  return id;
}

BlockPool::Block& BlockPool::leased(BlockId id) {
  LOCI_CHECK(raw(id) < blocks_.size());
  Block& block = blocks_[raw(id)];
  LOCI_CHECK(block.references > 0);
  return block;
}

void BlockPool::share(BlockId id) {
  ++leased(id).references;
}

void BlockPool::release(BlockId id) {
  Block& block = leased(id);
  if (--block.references > 0) return;
  ++block.generation;
  free_.push_back(id);
}

int BlockPool::references(BlockId block) const {
  return blocks_.at(raw(block)).references;
}
std::uint32_t BlockPool::generation(BlockId block) const {
  return blocks_.at(raw(block)).generation;
}

void BlockPool::check_invariants() const {
  std::vector<bool> is_free(blocks_.size());
  for (const BlockId id : free_) {
    LOCI_CHECK(raw(id) < blocks_.size());
    LOCI_CHECK(!is_free[raw(id)]);
    is_free[raw(id)] = true;
  }
  for (std::size_t i = 0; i < blocks_.size(); ++i) LOCI_CHECK(is_free[i] == (blocks_[i].references == 0));
}

}  // namespace loci
