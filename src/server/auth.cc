#include "server/auth.h"

#include <algorithm>

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

ApiResult<> check_api_key(const std::vector<std::string>& keys, const HttpRequest& request) {
  if (keys.empty()) return {};
  const std::string_view offered = offered_key(request);
  bool known = false;
  for (const std::string& key : keys) known |= equals_in_constant_time(key, offered);
  if (known && !offered.empty()) return {};
  return std::unexpected(
      ApiError(401, offered.empty() ? "No API key was provided: send it as 'Authorization: Bearer KEY'."
                                    : "Incorrect API key provided.")
          .with_code("invalid_api_key"));
}

}  // namespace loci
