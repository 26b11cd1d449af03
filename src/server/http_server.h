// The HTTP/1.1 server: listens, reads requests under limits, hands each to the handler, writes its answer.
//
// Connections live on a few I/O threads, each connection on a strand of its own: its requests are answered
// one after the other, in the order in which they came, and the handler's code for one connection never runs
// twice at a time. While a request runs its socket is read on, so that a client that goes away is noticed at
// once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "server/http.h"

namespace loci {

struct HttpLimits {
  std::size_t max_body_bytes = std::size_t{32} << 20;       // more: 413
  std::size_t max_header_bytes = std::size_t{32} << 10;     // request line and headers; more: 431
  std::size_t max_pipelined_bytes = std::size_t{64} << 10;  // read ahead while a request runs
  int max_connections = 1024;                               // more: 503
  Duration idle_timeout = std::chrono::seconds(75);         // between requests; then the connection closes
  Duration header_timeout = std::chrono::seconds(10);       // from first byte to end of the headers; then 408
  Duration body_timeout = std::chrono::seconds(300);        // for the whole body; then 408
  Duration write_timeout =
      std::chrono::seconds(60);  // without the client taking a byte; then it counts as gone
  Duration linger_timeout =
      std::chrono::seconds(5);  // for a refused client to stop sending and read its answer
  // A client that has closed its sending half by the time its request is taken, or this soon after, still
  // wants the answer (`nc -N`); one that does it later is gone. TCP does not tell the two apart, and the end
  // of file may trail the request by a little.
  Duration half_close_grace = std::chrono::milliseconds(10);
};

struct HttpServerConfig {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;  // 0: any free one
  int io_threads = 2;
  HttpLimits limits{};
};

/// Called on I/O threads, for different connections at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Answers, now or later, through `exchange`. An exception becomes refuse(500).
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;
  /// The answer to bytes that are no acceptable request. `head` holds what could be read of it.
  virtual HttpResponse refuse(const HttpRequest& head, int status, std::string_view message) = 0;
  /// Sees the head of every answer, handled or refused, just before it leaves; may add headers.
  virtual void complete(const HttpRequest& request, HttpResponse& response) = 0;
};

class HttpServer {
 public:
  /// Listens and starts the threads. kIo where the address cannot be had. `handler` must outlive the server.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerConfig& config, HttpHandler& handler);
  /// Drops what stop() left. Every Exchange must have been let go before.
  ~HttpServer();

  std::uint16_t port() const;

  /// Stops listening, closes idle connections, lets the others finish the answer at hand for at most `flush`,
  /// then ends the threads. Later posts to an Exchange are legal and have no effect.
  void stop(Duration flush);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loci
