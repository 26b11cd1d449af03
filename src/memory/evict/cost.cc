#include "memory/evict/evict.h"

namespace loci {

double evict_cost(const CachedBlockView& block) {
  // A token's attention costs as much as its products once it sees some thousands of positions.
  constexpr double kEvenPosition = 4096;
  const double position = double{1} * block.index * block.block_tokens;
  return block.inflation + (1 + block.hits) * block.block_tokens * (1 + position / kEvenPosition);
}

}  // namespace loci
