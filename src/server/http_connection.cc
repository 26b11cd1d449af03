#include "server/http_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <exception>
#include <sys/socket.h>
#include <tuple>

#include "base/log.h"
#include "server/http_exchange.h"
#include "server/request_id.h"

namespace loci::http_detail {
namespace {

constexpr std::size_t kReadSize = std::size_t{16} << 10;
constexpr std::size_t kKeptOutput = std::size_t{64} << 10;  // capacity kept between answers

// Named, because GCC 12 destroys temporary arguments of a co_await twice.
constexpr auto kAwait = net::as_tuple(net::use_awaitable);

std::string address_of(const net::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? "" : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

}  // namespace

// ---- life of a connection

Connection::Connection(net::ip::tcp::socket socket, const HttpLimits& limits, HttpHandler& handler,
                       ConnectionRegistry& registry)
    : socket_(std::move(socket)),
      limits_(limits),
      handler_(handler),
      registry_(registry),
      wake_(socket_.get_executor(), net::steady_timer::time_point::max()),
      deadline_(socket_.get_executor()) {}

Connection::~Connection() {
  registry_.remove(this);
}

void Connection::start() {
  const bool accepted = registry_.add(this, limits_.max_connections);
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  auto life = [self = shared_from_this(), accepted] { return self->run(accepted); };
  auto ended = [self = shared_from_this()](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      log_error("connection from {} failed: {}", self->head_.peer, error.what());
    }
  };
  net::co_spawn(socket_.get_executor(), std::move(life), std::move(ended));
}

void Connection::drain() {
  net::post(socket_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    error_code ignored;
    if (self->idle_) self->socket_.cancel(ignored);
  });
}

net::awaitable<void> Connection::run(bool accepted) {
  bool refused = false;
  if (!accepted) {
    refuse(503, "too many connections");
    refused = true;
  }
  while (!refused) {
    const bool more = co_await wait_for_request();
    if (!more) break;
    const Outcome outcome = co_await read_request();
    if (outcome == Outcome::kClosed) break;
    refused = outcome == Outcome::kRefused;
    if (!refused) co_await run_exchange();
    if (gone_ || close_after_ || draining_) break;
  }
  if (!gone_) co_await wait_until_written();
  if (!gone_ && (refused || input_.size() > 0)) co_await close_gracefully();
  disarm_deadline();
  error_code ignored;
  socket_.shutdown(net::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

net::awaitable<bool> Connection::wait_for_request() {
  arm_deadline(limits_.idle_timeout);
  skip_empty_lines();
  while (input_.size() == 0) {
    if (draining_ || end_of_input_) co_return false;
    idle_ = true;
    const Input input = co_await read_more();
    idle_ = false;
    if (input != Input::kData) co_return false;
    skip_empty_lines();
  }
  co_return true;
}

net::awaitable<Connection::Input> Connection::read_more() {
  if (deadline_passed_) co_return Input::kTimeout;
  if (end_of_input_) co_return Input::kEnd;
  const net::mutable_buffer space = input_.prepare(kReadSize);
  const std::tuple<error_code, std::size_t> result = co_await socket_.async_read_some(space, kAwait);
  const error_code error = std::get<0>(result);
  input_.commit(std::get<1>(result));
  if (!error) co_return Input::kData;
  if (error == net::error::eof) {
    end_of_input_ = true;
    co_return Input::kEnd;
  }
  co_return deadline_passed_ ? Input::kTimeout : Input::kFailed;
}

net::awaitable<Connection::Outcome> Connection::read_request() {
  using Status = HttpRequestParser::Status;
  HttpRequestParser parser(limits_);
  keep_alive_ = false;
  http_version_ = 11;
  arm_deadline(limits_.header_timeout);
  for (;;) {
    const HttpRequestParser::Step step = parser.parse(unparsed());
    input_.consume(step.consumed);
    if (step.status == Status::kRefused) {
      take_head(parser);
      co_return refuse(parser.refusal().status, parser.refusal().message);
    }
    if (step.status == Status::kComplete) break;
    if (step.status == Status::kHead) {
      if (parser.awaits_invitation() && input_.size() == 0) invite_body();
      arm_deadline(limits_.body_timeout);
      continue;
    }
    const Input input = co_await read_more();
    if (input != Input::kData) {
      take_head(parser);
      co_return refuse_input(input);
    }
  }
  disarm_deadline();
  take_head(parser);
  http_version_ = parser.version();
  keep_alive_ = parser.keep_alive();
  co_return Outcome::kRequest;
}

void Connection::take_head(HttpRequestParser& parser) {
  head_ = std::move(parser.request());
  head_.peer = address_of(socket_);
  head_.id = request_id_of(head_);
}

std::string_view Connection::unparsed() const {
  return {static_cast<const char*>(input_.data().data()), input_.size()};
}

void Connection::skip_empty_lines() {
  const std::size_t lines_end = unparsed().find_first_not_of("\r\n");
  input_.consume(std::min(lines_end, input_.size()));
}

void Connection::invite_body() {
  output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  flush();
}

Connection::Outcome Connection::refuse(int status, std::string_view message) {
  close_after_ = true;
  HttpResponse response = handler_.refuse(head_, status, message);
  response.close = true;
  queue_answer(std::move(response));
  flush();
  return Outcome::kRefused;
}

Connection::Outcome Connection::refuse_input(Input input) {
  if (input == Input::kTimeout) return refuse(408, "the request did not arrive in time");
  if (input == Input::kEnd) return refuse(400, "the request ended early");
  return Outcome::kClosed;
}

// ---- the exchange

net::awaitable<void> Connection::run_exchange() {
  exchange_ = std::make_shared<ConnectionExchange>(shared_from_this(), std::move(head_));
  exchange_open_ = true;
  invoke_handler();
  flush();
  notice_half_close();
  request_taken_at_ = std::chrono::steady_clock::now();
  watch();
  co_await wait_until_written();
  error_code ignored;
  if (watching_) socket_.cancel(ignored);
  while (watching_) co_await wake_.async_wait(kAwait);
  exchange_.reset();
}

/// Ends when the answer is complete and the socket has taken it, or the client is gone.
net::awaitable<void> Connection::wait_until_written() {
  while (!gone_ && (exchange_open_ || output_sent_ < output_.size())) co_await wake_.async_wait(kAwait);
}

void Connection::invoke_handler() {
  try {
    handler_.handle(exchange_);
  } catch (const std::exception& error) {
    log_error("{} {}: {}", exchange_->request().method, exchange_->request().path, error.what());
    exchange_->respond(handler_.refuse(exchange_->request(), 500, "internal error"));
  }
}

/// An end of file that came while the handler took the request is the client's way to say that this was its
/// last one. A reset must be acted on here: this look takes it off the socket, and the next read would see an
/// end of file.
void Connection::notice_half_close() {
  char byte = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0) end_of_input_ = true;
  if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) client_is_gone();
}

void Connection::watch() {
  const bool room = input_.size() < limits_.max_pipelined_bytes;
  if (watching_ || !exchange_open_ || gone_ || end_of_input_ || !room) return;
  watching_ = true;
  socket_.async_read_some(
      input_.prepare(kReadSize),
      [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_watched(error, bytes); });
}

void Connection::on_watched(error_code error, std::size_t bytes) {
  watching_ = false;
  input_.commit(bytes);
  if (error == net::error::eof) {
    end_of_input_ = true;
    const Duration since_request = std::chrono::steady_clock::now() - request_taken_at_;
    if (exchange_open_ && since_request > limits_.half_close_grace) client_is_gone();
  } else if (error && error != net::error::operation_aborted) {
    client_is_gone();
  } else {
    watch();
  }
  notify();
}

void Connection::client_is_gone() {
  if (gone_) return;
  gone_ = true;
  error_code ignored;
  socket_.close(ignored);
  if (exchange_) exchange_->disconnected();
  notify();
}

// ---- writing

namespace {

bool may_have_body(int status) {
  return status != 204 && status != 304;
}

}  // namespace

void Connection::queue_answer(HttpResponse response) {
  queue_head(response, false);
  const HttpRequest& request = exchange_ ? exchange_->request() : head_;
  if (request.method != "HEAD" && may_have_body(response.status)) output_ += response.body;
}

void Connection::queue_head(HttpResponse& head, bool stream) {
  handler_.complete(exchange_ ? exchange_->request() : head_, head);
  const bool chunked = stream && http_version_ >= 11;
  close_after_ = close_after_ || head.close || draining_ || !keep_alive_ || (stream && !chunked);
  auto out = std::back_inserter(output_);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", head.status, reason_phrase(head.status));
  for (const HttpHeader& header : head.headers) fmt::format_to(out, "{}: {}\r\n", header.name, header.value);
  if (chunked) {
    output_ += "Transfer-Encoding: chunked\r\n";
  } else if (!stream && may_have_body(head.status)) {
    fmt::format_to(out, "Content-Length: {}\r\n", head.body.size());
  }
  output_ += close_after_ ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
}

void Connection::queue_chunk(std::string_view data) {
  if (data.empty()) return;
  if (http_version_ < 11) {
    output_ += data;
  } else {
    fmt::format_to(std::back_inserter(output_), "{:x}\r\n", data.size());
    output_.append(data).append("\r\n");
  }
}

void Connection::queue_last_chunk() {
  if (http_version_ >= 11) output_ += "0\r\n\r\n";
}

/// Writes what the socket takes without waiting; the rest follows when it has room.
void Connection::flush() {
  if (write_pending_ || gone_) return;
  while (output_sent_ < output_.size()) {
    error_code error;
    const net::const_buffer rest = net::buffer(output_) + output_sent_;
    output_sent_ += socket_.write_some(net::const_buffers_1(rest), error);
    if (error == net::error::would_block || error == net::error::try_again) {
      output_.erase(0, std::exchange(output_sent_, 0));
      write_pending_ = true;
      arm_deadline(limits_.write_timeout);
      socket_.async_wait(net::ip::tcp::socket::wait_write,
                         [self = shared_from_this()](error_code waited) { self->on_writable(waited); });
      return;
    }
    if (error) return client_is_gone();
  }
  output_.clear();
  output_sent_ = 0;
  if (output_.capacity() > kKeptOutput) output_.shrink_to_fit();
  if (!exchange_open_) notify();
}

void Connection::on_writable(error_code error) {
  write_pending_ = false;
  disarm_deadline();
  if (error) return client_is_gone();
  flush();
}

// ---- reading on at the end, deadlines

/// A client that still sends would have its answer destroyed by a reset: read on, for a while, until it has
/// read it.
net::awaitable<void> Connection::close_gracefully() {
  error_code ignored;
  socket_.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  arm_deadline(limits_.linger_timeout);
  Input input = Input::kData;
  while (input == Input::kData) {
    input_.consume(input_.size());
    input = co_await read_more();
  }
}

void Connection::arm_deadline(Duration duration) {
  deadline_passed_ = false;
  const unsigned generation = ++deadline_generation_;
  deadline_.expires_after(duration);
  deadline_.async_wait([self = shared_from_this(), generation](error_code error) {
    if (error || generation != self->deadline_generation_) return;
    self->deadline_passed_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void Connection::disarm_deadline() {
  ++deadline_generation_;
  deadline_passed_ = false;
  deadline_.cancel();
}

}  // namespace loci::http_detail
