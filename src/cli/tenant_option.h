// `--tenant name=shop,key=SECRET,weight=2,kv-share=0.5`: who may call, and what each may have.
#pragma once

#include <string>
#include <vector>

#include "engine/tenants.h"
#include "server/auth.h"

namespace loci::cli {

struct NamedTenant {
  TenantAccess access;
  TenantShare share;
};

/// name and key (at least one; commas end it) are required; weight (1) is above 0, kv-share in (0, 1]; the
/// word operator lets it call what tells of others.
Result<NamedTenant> parse_tenant(std::string_view text);

/// All of them, no name and no key twice, and none of `api_keys` among the keys.
Result<std::vector<NamedTenant>> parse_tenants(const std::vector<std::string>& texts,
                                               const std::vector<std::string>& api_keys);

}  // namespace loci::cli
