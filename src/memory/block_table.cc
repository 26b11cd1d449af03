#include "memory/block_table.h"

#include "base/check.h"

namespace loci {

bool BlockTable::grow_to(int tokens) {
  const int missing = blocks_for(tokens, block_tokens_) - block_count();
  if (missing > pool_->free()) return false;
  for (int i = 0; i < missing; ++i) {
    const auto block = pool_->acquire();
    LOCI_CHECK(block.has_value());
    blocks_.push_back(raw(*block));
  }
  return true;
}

void BlockTable::clear() {
  for (const std::uint32_t block : blocks_) pool_->release(static_cast<BlockId>(block));
  blocks_.clear();
}

}  // namespace loci
