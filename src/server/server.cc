#include "server/server.h"

#include "base/check.h"
#include "base/log.h"
#include "server/api/api.h"
#include "server/auth.h"
#include "server/cors.h"
#include "server/request_id.h"
#include "server/routes.h"

namespace loci {
namespace {

HttpResponse method_not_allowed(const HttpRequest& request) {
  const ApiError error(405, fmt::format("{} is not allowed on {}", request.method, request.path));
  HttpResponse response = error_response(error, error_shape(request.path));
  response.headers.push_back({"Allow", allowed_methods(request.path)});
  return response;
}

/// Everything between HTTP and the endpoints.
class Dispatcher final : public HttpHandler {
 public:
  Dispatcher(const ServerConfig& config, ApiState& state)
      : config_(config), keys_(config.api_keys, config.tenants), state_(state) {}

  void handle(std::shared_ptr<Exchange> exchange) override {
    const HttpRequest& request = exchange->request();
    if (request.method == "OPTIONS") return exchange->respond(preflight_response());
    const ErrorShape shape = error_shape(request.path);
    const RouteMatch match = match_route(request.method, request.path);
    const bool open = match.by_path != nullptr && match.by_path->access == Access::kOpen;
    const auto caller = open ? ApiResult<Principal>() : keys_.principal_of(request);
    if (!caller) return exchange->respond(error_response(caller.error(), shape));
    if (match.by_path == nullptr)
      return exchange->respond(error_response(unknown_route(request.method, request.path), shape));
    if (match.route == nullptr) return exchange->respond(method_not_allowed(request));
    if (const auto done = call(*match.route, {state_, nullptr, exchange, match.rest, *caller}); !done)
      exchange->respond(error_response(done.error(), shape));
  }

  HttpResponse refuse(const HttpRequest& request, int status, std::string_view message) override {
    return error_response(ApiError(status, std::string(message)), error_shape(request.path));
  }

  void complete(const HttpRequest& request, HttpResponse& response) override {
    response.headers.push_back({"Server", "loci"});
    response.headers.push_back({"X-Request-Id", request.id.empty() ? request_id_of(request) : request.id});
    add_cors_headers(config_.allowed_origins, request, response);
    response.close = response.close || state_.shutting_down;
    const RouteMatch match = match_route(request.method, request.path);
    const std::string_view route = match.by_path != nullptr ? match.by_path->path : "unknown";
    state_.metrics.count_http_request(route, response.status);
    log_debug("{} {} {} {}", request.peer, request.method, request.path, response.status);
  }

 private:
  ApiResult<> call(const Route& route, ApiCall call) {
    call.served = state_.served.load(std::memory_order_acquire);
    if (route.access == Access::kOperator && !call.caller.is_operator)
      return std::unexpected(
          ApiError(403, "this key is not the operator's (--tenant name=...,key=...,operator)"));
    if (route.needs != Needs::kNothing && call.served == nullptr)
      return std::unexpected(ApiError(503, "the model is still loading"));
    if (route.needs == Needs::kNewWork && state_.shutting_down)
      return std::unexpected(ApiError(503, "the server is shutting down"));
    return route.handler(call);
  }

  const ServerConfig& config_;
  const ApiKeys keys_;
  ApiState& state_;
};

}  // namespace

// The order of the members is the order of their lives: the HTTP server, whose threads use the others, ends
// first.
struct Server::State {
  explicit State(const ServerConfig& server_config) : config(server_config) {}

  const ServerConfig config;
  ApiState api;
  std::unique_ptr<const ServedModel> served;
  Dispatcher dispatcher{config, api};
  std::unique_ptr<HttpServer> http;
};

Result<std::unique_ptr<Server>> Server::start(const ServerConfig& config) {
  auto state = std::make_unique<State>(config);
  LOCI_TRY(state->http, HttpServer::start(state->config.http, state->dispatcher));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

std::uint16_t Server::port() const {
  return state_->http->port();
}

void Server::attach(ServedModel served) {
  LOCI_CHECK(state_->served == nullptr && !served.names.empty());
  state_->served = std::make_unique<const ServedModel>(std::move(served));
  state_->api.metrics.attach(state_->served->name());
  state_->api.served.store(state_->served.get(), std::memory_order_release);
}

void Server::begin_shutdown() {
  state_->api.shutting_down = true;
}

void Server::stop(Duration flush) {
  state_->http->stop(flush);
}

}  // namespace loci
