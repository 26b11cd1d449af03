#include "memory/evict/evict.h"

namespace loci {

double evict_lru(const CachedBlockView& block) {
  return static_cast<double>(block.used);
}

}  // namespace loci
