#include "memory/block_pool.h"

#include "base/check.h"

namespace loci {

BlockPool::BlockPool(int blocks) {
  LOCI_CHECK(blocks >= 0);
  blocks_.resize(static_cast<std::size_t>(blocks));
  free_.reserve(blocks_.size());
  for (std::size_t i = blocks_.size(); i-- > 0;) free_.push_back(static_cast<BlockId>(i));
}

BlockPool::Block& BlockPool::at(BlockId block) {
  LOCI_CHECK(raw(block) < blocks_.size());
  return blocks_[raw(block)];
}

std::optional<BlockId> BlockPool::acquire() {
  if (free_.empty()) return std::nullopt;
  const BlockId block = free_.back();
  free_.pop_back();
  LOCI_CHECK(at(block).holders == 0 && !at(block).kept);
  at(block).holders = 1;
  return block;
}

void BlockPool::share(BlockId block) {
  LOCI_CHECK(at(block).holders > 0);
  ++at(block).holders;
  ++sharing_;
}

void BlockPool::hold(const BlockRef& reference) {
  Block& block = at(reference.block);
  LOCI_CHECK(is_current(reference) && (block.holders > 0 || block.kept));
  if (block.holders++ == 0) {
    --idle_;
  } else {
    ++sharing_;
  }
}

void BlockPool::release(BlockId block) {
  LOCI_CHECK(at(block).holders > 0);
  if (--at(block).holders > 0) {
    ++sharing_;
    return;
  }
  if (at(block).kept) {
    ++idle_;
  } else {
    make_free(block);
  }
}

void BlockPool::keep(BlockId block) {
  LOCI_CHECK(at(block).holders > 0 && !at(block).kept);
  at(block).kept = true;
}

void BlockPool::drop(BlockId block) {
  LOCI_CHECK(at(block).holders == 0 && at(block).kept);
  at(block).kept = false;
  --idle_;
  make_free(block);
}

void BlockPool::make_free(BlockId block) {
  ++at(block).generation;
  free_.push_back(block);
}

void BlockPool::check_invariants() const {
  std::vector<bool> free(blocks_.size());
  for (const BlockId block : free_) {
    LOCI_CHECK(raw(block) < blocks_.size() && !free[raw(block)]);
    free[raw(block)] = true;
  }
  int idle = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    LOCI_CHECK(block.holders >= 0);
    LOCI_CHECK(free[i] == (block.holders == 0 && !block.kept));
    idle += block.holders == 0 && block.kept;
  }
  LOCI_CHECK(idle == idle_);
}

}  // namespace loci
