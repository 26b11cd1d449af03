#include "server/request_id.h"

#include <algorithm>

#include "server/random_id.h"

namespace loci {

bool is_request_id(std::string_view text) {
  const auto is_plain = [](char c) { return c > ' ' && c < '\x7f'; };
  return !text.empty() && text.size() <= kMaxRequestIdBytes && std::ranges::all_of(text, is_plain);
}

const std::string* given_request_id(const HttpRequest& request) {
  const std::string* given = find_header(request.headers, "X-Request-Id");
  return given != nullptr && is_request_id(*given) ? given : nullptr;
}

std::string request_id_of(const HttpRequest& request) {
  const std::string* given = given_request_id(request);
  return given != nullptr ? *given : random_hex_id();
}

std::string_view without_answer_prefix(std::string_view id) {
  for (const std::string_view prefix : {"chatcmpl-", "cmpl-", "resp_", "msg_"})
    if (id.starts_with(prefix)) return id.substr(prefix.size());
  return id;
}

}  // namespace loci
