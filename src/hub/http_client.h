// HTTP GET for the hub: redirects, byte ranges, time limits; libcurl does the work and is seen by
// http_client.cc alone. Blocking; one thread at a time.
//
// Invariants: the token goes to the endpoint's own origin (scheme, host and port) and nowhere else, however
// often a reply redirects; a redirect from https to http is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace loci {

struct HubReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case
  std::string body{};  // empty where a sink took it; of a refusal the beginning

  /// The first header of that (lower-case) name, or nullptr.
  const std::string* header(std::string_view name) const;
};

/// What to do with the body of a reply that is a success; without it, the body is kept.
struct HubSink {
  std::function<Result<>(const HubReply& head)> begin;
  std::function<Result<>(std::span<const std::byte> bytes)> write;
};

struct HubConnection {
  std::string endpoint = "https://huggingface.co";  // without a '/' at its end
  std::string token{};                              // HF_TOKEN; empty: none
  Duration connect_timeout = std::chrono::seconds(20);
  Duration stall_timeout = std::chrono::seconds(30);  // a transfer that brings nothing for so long has failed
};

class HttpClient {
 public:
  /// kInvalidArgument where the endpoint is no http or https URL.
  static Result<HttpClient> create(HubConnection connection);
  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

  /// The reply after redirects, whatever its status. `offset` above 0 asks for the bytes from there on.
  /// kUnavailable where trying again may help (no connection, time-out, cut off); what the sink refuses comes
  /// back as it is.
  Result<HubReply> get(std::string url, const HubSink* sink = nullptr, std::uint64_t offset = 0);

  const HubConnection& connection() const;

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// `text` as one segment of a URL's path: '/' becomes %2F.
std::string url_segment(std::string_view text);

}  // namespace loci
