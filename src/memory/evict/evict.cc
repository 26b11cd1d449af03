#include "memory/evict/evict.h"

#include <algorithm>
#include <array>
#include <string>

namespace loci {

std::span<const EvictPolicy> evict_policies() {
  static constexpr std::array kTable{EvictPolicy{"lru", evict_lru}, EvictPolicy{"priority", evict_priority},
                                     EvictPolicy{"cost", evict_cost}};
  return kTable;
}

Result<EvictFunction> find_evict_policy(std::string_view name) {
  const auto where = std::ranges::find(evict_policies(), name, &EvictPolicy::name);
  if (where != evict_policies().end()) return where->rank;
  std::string known;
  for (const EvictPolicy& policy : evict_policies())
    known += (known.empty() ? "" : ", ") + std::string(policy.name);
  return fail(ErrorCode::kInvalidArgument, "eviction policy '{}' is none of: {}", name, known);
}

}  // namespace loci
