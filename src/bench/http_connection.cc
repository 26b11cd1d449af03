#include "bench/http_connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <charconv>
#include <chrono>

namespace loci::bench {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using error_code = boost::system::error_code;

constexpr std::size_t kPieceBytes = std::size_t{16} << 10;
constexpr std::uint32_t kMaxHeadBytes = 64 << 10;

// Named, because GCC 12 destroys temporary arguments of a co_await twice.
constexpr auto kAwait = net::as_tuple(net::use_awaitable);

/// "Retry-After: 120"; dates are rare between programs and count as not said.
std::optional<double> seconds_of(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && seconds >= 0 && seconds < 1e6 ? std::optional(seconds) : std::nullopt;
}

}  // namespace

HttpRequest make_request(const Url& url, std::string_view method, std::string_view path,
                         const Headers& headers, std::string body) {
  HttpRequest request{fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", method, url.path, path, authority(url)),
                      std::move(body)};
  for (const auto& [name, value] : headers) request.head += fmt::format("{}: {}\r\n", name, value);
  if (!request.body.empty())
    request.head +=
        fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", request.body.size());
  request.head += "\r\n";
  return request;
}

HttpConnection::HttpConnection(net::any_io_executor executor)
    : socket_(executor), deadline_(executor), piece_(std::make_unique<char[]>(kPieceBytes)) {}

void HttpConnection::close() {
  error_code ignored;
  socket_.close(ignored);
  buffer_.clear();
  reusable_ = false;
}

void HttpConnection::arm(Duration limit) {
  timed_out_ = false;
  deadline_.expires_after(limit);
  deadline_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->deadline_.expiry() > net::steady_timer::clock_type::now()) return;
    self->timed_out_ = true;
    self->close();
  });
}

void HttpConnection::fail_with(HttpReply& reply, std::string_view kind, const error_code& error) {
  reply.error_kind = timed_out_ ? "timeout" : kind;
  reply.error = timed_out_ ? "no whole answer within --request-timeout" : error.message();
  close();
}

net::awaitable<HttpReply> HttpConnection::exchange(const Endpoints& endpoints, const HttpRequest& request,
                                                   Duration limit, const BodySink& sink) {
  HttpReply reply;
  arm(limit);
  co_await converse(endpoints, request, reply, sink);
  deadline_.cancel();
  co_return reply;
}

net::awaitable<void> HttpConnection::converse(const Endpoints& endpoints, const HttpRequest& request,
                                              HttpReply& reply, const BodySink& sink) {
  reply.sent = std::chrono::steady_clock::now();
  if (!socket_.is_open()) {
    const auto connected = co_await net::async_connect(socket_, endpoints, kAwait);
    if (const error_code error = std::get<0>(connected)) co_return fail_with(reply, "connect", error);
    error_code ignored;
    socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  }
  reply.sent = std::chrono::steady_clock::now();
  reusable_ = false;
  const std::array parts{net::buffer(request.head), net::buffer(request.body)};
  const auto written = co_await net::async_write(socket_, parts, kAwait);
  if (const error_code error = std::get<0>(written)) {
    reply.untouched = !timed_out_;
    co_return fail_with(reply, "closed", error);
  }
  reusable_ = co_await read_reply(reply, sink);
  if (!reusable_) close();
}

net::awaitable<bool> HttpConnection::read_reply(HttpReply& reply, const BodySink& sink) {
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  parser.header_limit(kMaxHeadBytes);
  const auto head = co_await http::async_read_header(socket_, buffer_, parser, kAwait);
  if (const error_code error = std::get<0>(head)) {
    reply.untouched = !parser.got_some() && !timed_out_;
    fail_with(reply,
              error.category() == http::make_error_code(http::error::bad_value).category() &&
                      error != http::error::end_of_stream
                  ? "bad_reply"
                  : "closed",
              error);
    co_return false;
  }
  reply.status = parser.get().result_int();
  reply.content_type = parser.get()[http::field::content_type];
  reply.retry_after = seconds_of(parser.get()[http::field::retry_after]);
  const bool keep = parser.keep_alive();
  while (!parser.is_done()) {
    parser.get().body().data = piece_.get();
    parser.get().body().size = kPieceBytes;
    const auto read = co_await http::async_read_some(socket_, buffer_, parser, kAwait);
    const error_code error = std::get<0>(read);
    const std::string_view bytes(piece_.get(), kPieceBytes - parser.get().body().size);
    if (error && error != http::error::need_buffer) {
      fail_with(reply, "closed", error);
      co_return false;
    }
    if (!bytes.empty() && !sink(reply.status, bytes)) co_return false;
  }
  co_return keep;
}

}  // namespace loci::bench
