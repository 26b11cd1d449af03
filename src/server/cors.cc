#include "server/cors.h"

#include <algorithm>

namespace loci {

void add_cors_headers(const std::vector<std::string>& allowed, const HttpRequest& request,
                      HttpResponse& response) {
  const std::string* origin = find_header(request.headers, "Origin");
  if (origin == nullptr) return;
  response.headers.push_back({"Vary", "Origin"});
  const bool is_allowed = std::ranges::any_of(
      allowed, [origin](const std::string& entry) { return entry == "*" || entry == *origin; });
  if (is_allowed) response.headers.push_back({"Access-Control-Allow-Origin", *origin});
}

HttpResponse preflight_response() {
  return {.status = 204,
          .headers = {{"Access-Control-Allow-Credentials", "true"},
                      {"Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"},
                      {"Access-Control-Allow-Headers", "*"},
                      {"Access-Control-Max-Age", "86400"}},
          .body = {},
          .close = false};
}

}  // namespace loci
