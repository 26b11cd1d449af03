// The server: HTTP, the routes and what every answer has in common (keys, CORS, request ids, counts).
//
// It starts before there is a model, so that a client's question gets an answer while weights load; attach()
// makes the API live. Order of ends: stop() the engine, whose last events still reach the clients; stop() the
// server; then destroy the engine, then the server, to whose threads the events were posted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/auth.h"
#include "server/http_server.h"
#include "server/served_model.h"

namespace loci {

struct ServerConfig {
  HttpServerConfig http{};
  std::vector<std::string> api_keys{};  // each a principal; neither keys nor tenants: everyone may call
  std::vector<std::string> allowed_origins = {"*"};  // web pages that may call; "*": any
  std::vector<TenantAccess> tenants{};
};

class Server {
 public:
  /// Listens; kIo where the address cannot be had.
  static Result<std::unique_ptr<Server>> start(const ServerConfig& config);
  ~Server();

  std::uint16_t port() const;

  /// From now on the API answers for this model. Call once.
  void attach(ServedModel served);

  /// Not ready, new work is refused with 503, connections close after the answer at hand. Running requests go
  /// on.
  void begin_shutdown();
  /// Ends after the answers at hand have left, or after `flush`. The model may go away afterwards.
  void stop(Duration flush = std::chrono::seconds(5));

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loci
