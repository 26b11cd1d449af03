#include "server/auth.h"

#include <xxhash.h>

namespace loci {
namespace {

/// Looks at every byte of `key`, whatever differs.
bool equals_in_constant_time(std::string_view key, std::string_view offered) {
  volatile unsigned difference = key.size() != offered.size();
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char other = offered.empty() ? '\0' : offered[i % offered.size()];
    difference = difference | static_cast<unsigned>(static_cast<unsigned char>(key[i] ^ other));
  }
  return difference == 0;
}

/// Of `Authorization: Bearer KEY`, else of Anthropic's `x-api-key: KEY`; empty where there is neither.
std::string_view offered_key(const HttpRequest& request) {
  const std::string* header = find_header(request.headers, "Authorization");
  if (header == nullptr) {
    const std::string* key = find_header(request.headers, "x-api-key");
    return key != nullptr ? std::string_view(*key) : std::string_view();
  }
  constexpr std::string_view kScheme = "Bearer ";
  if (!equals_ignoring_case(std::string_view(*header).substr(0, kScheme.size()), kScheme)) return {};
  std::string_view token = std::string_view(*header).substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return token;
}

}  // namespace

ApiKeys::ApiKeys(const std::vector<std::string>& keys, const std::vector<TenantAccess>& tenants) {
  const auto space_of = [](std::string_view key) {
    return CacheNamespace{XXH3_64bits(key.data(), key.size())};
  };
  for (std::size_t i = 0; i < keys.size(); ++i)
    entries_.push_back({keys[i], {fmt::format("key-{}", i + 1), space_of(keys[i]), false}});
  for (const TenantAccess& tenant : tenants)
    for (const std::string& key : tenant.keys)
      entries_.push_back({key, {tenant.name, space_of(tenant.keys.front()), tenant.is_operator}});
  const bool one = keys.size() + tenants.size() == 1;
  for (Entry& entry : entries_) entry.principal.is_operator |= one;
}

ApiResult<Principal> ApiKeys::principal_of(const HttpRequest& request) const {
  if (entries_.empty()) return Principal{};
  const std::string_view offered = offered_key(request);
  const Entry* known = nullptr;
  for (const Entry& entry : entries_)
    if (equals_in_constant_time(entry.key, offered)) known = &entry;
  if (known != nullptr && !offered.empty()) return known->principal;
  return std::unexpected(
      ApiError(401, offered.empty() ? "No API key was provided: send it as 'Authorization: Bearer KEY'."
                                    : "Incorrect API key provided.")
          .with_code("invalid_api_key"));
}

CacheNamespace salted(CacheNamespace owner, std::string_view salt) {
  return salt.empty() ? owner : CacheNamespace{XXH3_64bits_withSeed(salt.data(), salt.size(), owner.value)};
}

}  // namespace loci
