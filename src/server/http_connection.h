// One client's connection: reads requests, runs the handler, writes answers. Internal to the HTTP server.
//
// Everything runs on the connection's strand. A coroutine walks through the connection's life: wait for a
// request, read it, run its exchange, write out, next. Beast parses; reading and writing are plain socket
// operations, so that every wait has a deadline that can still be answered (408) and bytes read too early are
// never lost.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>

#include "server/http_connection_registry.h"
#include "server/http_request_parser.h"
#include "server/http_server.h"

namespace loci::http_detail {

namespace net = boost::asio;
using boost::system::error_code;

class ConnectionExchange;

/// Kept alive by its own pending operations.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(net::ip::tcp::socket socket, const HttpLimits& limits, HttpHandler& handler,
             ConnectionRegistry& registry);
  ~Connection();

  /// Begins to serve; or answers 503 and closes where too many connections are open. Call once, from any
  /// thread.
  void start();
  /// No further request is read after the one at hand. From any thread.
  void drain();

 private:
  friend class ConnectionExchange;
  enum class Input { kData, kEnd, kTimeout, kFailed };
  enum class Outcome { kRequest, kRefused, kClosed };

  net::awaitable<void> run(bool accepted);
  net::awaitable<bool> wait_for_request();
  net::awaitable<Outcome> read_request();
  net::awaitable<Input> read_more();
  net::awaitable<void> run_exchange();
  net::awaitable<void> wait_until_written();
  net::awaitable<void> close_gracefully();

  void take_head(HttpRequestParser& parser);
  std::string_view unparsed() const;
  void invite_body();
  Outcome refuse(int status, std::string_view message);
  Outcome refuse_input(Input input);
  void skip_empty_lines();
  void invoke_handler();

  void notice_half_close();
  void watch();  // reads on while a request runs
  void on_watched(error_code error, std::size_t bytes);
  void client_is_gone();

  void queue_answer(HttpResponse response);
  void queue_head(HttpResponse& head, bool stream);
  void queue_chunk(std::string_view data);
  void queue_last_chunk();
  void flush();
  void on_writable(error_code error);

  void arm_deadline(Duration duration);
  void disarm_deadline();
  void notify() { wake_.cancel(); }

  net::ip::tcp::socket socket_;
  const HttpLimits& limits_;
  HttpHandler& handler_;
  ConnectionRegistry& registry_;
  net::steady_timer wake_;      // never expires; cancelled to wake the coroutine
  net::steady_timer deadline_;  // of the read or the write at hand
  unsigned deadline_generation_ = 0;
  bool deadline_passed_ = false;

  boost::beast::flat_buffer input_;  // read and not yet parsed
  HttpRequest head_;                 // of the request at hand; its exchange owns it once it is complete
  std::shared_ptr<ConnectionExchange> exchange_;
  Time request_taken_at_{};
  bool watching_ = false;       // a read is pending while the exchange runs
  bool exchange_open_ = false;  // the answer is not complete

  std::string output_;  // not yet taken by the socket, from output_sent_ on
  std::size_t output_sent_ = 0;
  bool write_pending_ = false;

  int http_version_ = 11;
  bool keep_alive_ = false;   // as the client wants it
  bool close_after_ = false;  // as this side wants it
  bool idle_ = false;         // waiting for a request's first byte
  bool draining_ = false;
  bool end_of_input_ = false;  // the client has closed its sending half
  bool gone_ = false;          // nothing more can be written
};

}  // namespace loci::http_detail
