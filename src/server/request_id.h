// The id by which a request is known: to its client, in answers and logs, and at /v1/requests/{id}.
#pragma once

#include <string>
#include <string_view>

#include "server/http.h"

namespace loci {

inline constexpr std::size_t kMaxRequestIdBytes = 128;

/// 1..128 bytes of printable ASCII without spaces: harmless in a header and in a log.
bool is_request_id(std::string_view text);

/// The client's X-Request-Id where it is_request_id(), else nullptr.
const std::string* given_request_id(const HttpRequest& request);

/// The client's own id where it is harmless, else a new one of 32 hexadecimal digits.
std::string request_id_of(const HttpRequest& request);

/// The request's id out of that of its answer: without the "chatcmpl-", "cmpl-", "resp_" or "msg_" before it.
std::string_view without_answer_prefix(std::string_view id);

}  // namespace loci
