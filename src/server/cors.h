// Cross-origin requests: which web pages may call this server.
#pragma once

#include <string>
#include <vector>

#include "server/http.h"

namespace loci {

/// `allowed` holds origins ("https://example.org") or "*". An allowed Origin of the request is echoed.
void add_cors_headers(const std::vector<std::string>& allowed, const HttpRequest& request,
                      HttpResponse& response);

/// The answer to OPTIONS, without what add_cors_headers() adds.
HttpResponse preflight_response();

}  // namespace loci
