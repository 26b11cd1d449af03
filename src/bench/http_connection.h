// One HTTP/1.1 connection of the client, kept open between requests. Coroutines of Asio; responses are parsed
// by Beast. Only load_generator.cc and server_probe.cc include this.
//
// Owner: the coroutine that runs an exchange, or the pool between two. One exchange at a time; all on one
// thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "bench/url.h"

namespace loci::bench {

namespace net = boost::asio;

struct HttpReply {
  int status = 0;
  std::string content_type{};
  std::optional<double> retry_after{};  // seconds
  Time sent{};                          // when the first byte of the request left
  std::string error_kind{};  // empty: a whole reply came; "connect", "timeout", "closed", "bad_reply"
  std::string error{};       // in words
  bool untouched = false;    // with an error: the server had closed before it sent a byte of a reply
};

/// The head and the body of a request, apart so that a long body is not copied.
struct HttpRequest {
  std::string head, body;
};
HttpRequest make_request(const Url& url, std::string_view method, std::string_view path,
                         const Headers& headers, std::string body);

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Endpoints = net::ip::tcp::resolver::results_type;
  /// Sees the body piece by piece as it comes, with the status; false ends the exchange and the connection.
  using BodySink = std::function<bool(int status, std::string_view bytes)>;

  explicit HttpConnection(net::any_io_executor executor);

  /// Sends a request and reads the reply, all within `limit`. Connects first where it is not connected.
  /// `endpoints`, `request` and `sink` must live until it is done.
  net::awaitable<HttpReply> exchange(const Endpoints& endpoints, const HttpRequest& request, Duration limit,
                                     const BodySink& sink);

  bool reusable() const { return reusable_; }
  bool connected() const { return socket_.is_open(); }
  void close();

 private:
  net::awaitable<void> converse(const Endpoints& endpoints, const HttpRequest& request, HttpReply& reply,
                                const BodySink& sink);
  net::awaitable<bool> read_reply(HttpReply& reply, const BodySink& sink);
  void fail_with(HttpReply& reply, std::string_view kind, const boost::system::error_code& error);
  void arm(Duration limit);

  net::ip::tcp::socket socket_;
  net::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::unique_ptr<char[]> piece_;
  bool reusable_ = false, timed_out_ = false;
};

}  // namespace loci::bench
