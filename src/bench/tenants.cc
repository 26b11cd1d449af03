#include "bench/tenants.h"

#include <algorithm>

#include "bench/url.h"
#include "bench/weights.h"

namespace loci::bench {

Result<std::vector<Tenant>> parse_tenants(std::string_view text) {
  LOCI_TRY(const auto weights, parse_weights(text));
  std::vector<Tenant> tenants;
  for (const Weighted& one : weights) {
    const std::size_t equals = std::min(one.name.find('='), one.name.size());
    Tenant tenant{one.name.substr(0, equals), one.name.substr(std::min(equals + 1, one.name.size())),
                  one.weight};
    if (tenant.name.empty())
      return fail(ErrorCode::kInvalidArgument, "'{}' has no name before '='", one.name);
    LOCI_TRY_VOID(parse_header("Authorization: " + tenant.api_key));
    tenants.push_back(std::move(tenant));
  }
  return tenants;
}

}  // namespace loci::bench
