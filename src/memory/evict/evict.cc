#include "memory/evict/evict.h"

#include <array>

#include "base/named_table.h"

namespace loci {

std::span<const EvictPolicy> evict_policies() {
  static constexpr std::array kTable{EvictPolicy{"lru", evict_lru}, EvictPolicy{"priority", evict_priority},
                                     EvictPolicy{"cost", evict_cost}};
  return kTable;
}

Result<EvictFunction> find_evict_policy(std::string_view name) {
  LOCI_TRY(const EvictPolicy* policy, find_named("eviction policy", evict_policies(), name));
  return policy->rank;
}

}  // namespace loci
