// API keys: who may call this server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/api_error.h"
#include "server/http.h"

namespace loci {

/// Refuses (401, invalid_api_key) unless the request carries `Authorization: Bearer KEY`, or `x-api-key:
/// KEY`, with one of `keys`. No keys: all may pass. How long it takes tells nothing about the keys but their
/// lengths.
ApiResult<> check_api_key(const std::vector<std::string>& keys, const HttpRequest& request);

}  // namespace loci
