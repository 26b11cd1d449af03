#include "memory/evict/evict.h"

namespace loci {

double evict_priority(const CachedBlockView& block) {
  // 2^45 uses are years; 101 priorities above them stay exact in a double.
  return static_cast<double>(block.priority) * 0x1p45 + static_cast<double>(block.used);
}

}  // namespace loci
