// API keys: who may call this server, and as whom. Which principal a request belongs to follows from its key
// alone, never from what it says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "memory/block_key.h"
#include "server/api_error.h"
#include "server/http.h"

namespace loci {

/// Whom a request belongs to.
struct Principal {
  std::string tenant;       // that quotas and shares count by; empty: everyone, where there are no keys
  CacheNamespace cache{};   // whose prefixes it may share
  bool is_operator = true;  // may see and change what is not its own
};

/// A tenant that the operator named (`--tenant`), and the keys that make one its caller.
struct TenantAccess {
  std::string name;
  std::vector<std::string> keys;
  bool is_operator = false;
};

class ApiKeys {
 public:
  /// Each of `keys` is a principal of its own ("key-1", "key-2", ...); so is each tenant, with all its keys.
  /// A principal's cache namespace is a hash of its (first) key. A single principal is the operator too.
  ApiKeys(const std::vector<std::string>& keys, const std::vector<TenantAccess>& tenants);

  /// The principal whose key the request carries, as `Authorization: Bearer KEY` or `x-api-key: KEY`; else
  /// 401, invalid_api_key. No keys: all may pass, and share one namespace. How long it takes tells nothing
  /// about the keys but their lengths.
  ApiResult<Principal> principal_of(const HttpRequest& request) const;

 private:
  struct Entry {
    std::string key;
    Principal principal;
  };
  std::vector<Entry> entries_;
};

/// `owner` narrowed by what a request says (vLLM's cache_salt); unchanged for an empty salt.
CacheNamespace salted(CacheNamespace owner, std::string_view salt);

}  // namespace loci
