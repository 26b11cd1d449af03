// Who asks: API keys, each with a share of the load.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loci::bench {

struct Tenant {
  std::string name, api_key;
  double weight = 1;  // share of the sessions
};

/// Of "name=key:weight,name=key:weight". kInvalidArgument names what is wrong.
Result<std::vector<Tenant>> parse_tenants(std::string_view text);

}  // namespace loci::bench
