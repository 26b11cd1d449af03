// HTTP as plain values: what the API handlers see. Sockets and Beast stay behind http_server.h.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace loci {

struct HttpHeader {
  std::string name, value;
};
using HttpHeaders = std::vector<HttpHeader>;

/// The value of the first header of that name (in any case), or nullptr.
const std::string* find_header(const HttpHeaders& headers, std::string_view name);

bool equals_ignoring_case(std::string_view a, std::string_view b);

struct HttpRequest {
  std::string method;  // as sent: "GET", "POST", ...; empty where not even the request line could be read
  std::string path;    // percent-decoded, begins with '/' ("*" for OPTIONS *)
  std::string query;   // raw, without '?'
  HttpHeaders headers;
  std::string body{};
  std::string peer{};  // "127.0.0.1:50312"
  std::string id{};    // by which it is known: see request_id.h
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers{};  // without Content-Length, Transfer-Encoding and Connection: those are the server's
  std::string body{};
  bool close = false;  // the connection ends with this answer
};

std::string_view reason_phrase(int status);

/// "%2F" is "/"; nullopt where two hexadecimal digits do not follow a '%'.
std::optional<std::string> percent_decode(std::string_view text);

struct HttpTarget {
  std::string path, query;
};
/// Splits a request target ("/v1/models?x=1", or with "http://host" in front); nullopt where it is neither.
std::optional<HttpTarget> parse_target(std::string_view target);

/// One request and its answer. All but post() belongs to the connection's strand: the handler is called
/// there, and so are posted tasks. Exactly one answer is due: respond(), or begin_stream() ... end_stream().
/// Once the client is gone, what is written goes nowhere.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const HttpRequest& request() const = 0;

  virtual void respond(HttpResponse response) = 0;

  /// Sends the head now and the body as it is written.
  virtual void begin_stream(HttpResponse head) = 0;
  virtual void write(std::string_view data) = 0;
  virtual void end_stream() = 0;

  /// `action` runs once if the client goes away before its answer is complete; at once if it already has.
  virtual void on_disconnect(std::move_only_function<void()> action) = 0;

  /// `action` runs once, on the strand, if the answer is not complete and the client still there after
  /// `delay`. One at a time: a second call replaces the first.
  virtual void after(Duration delay, std::move_only_function<void()> action) = 0;

  /// The request is known as `id` from now on. Before the answer begins.
  virtual void rename(std::string id) = 0;

  /// Runs `task` on the strand, after those posted before it. From any thread; does not block.
  virtual void post(std::move_only_function<void()> task) = 0;
};

}  // namespace loci
