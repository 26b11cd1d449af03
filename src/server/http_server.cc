#include "server/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <thread>

#include "base/log.h"
#include "server/http_connection.h"

namespace loci {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

namespace {
constexpr auto kAwait = net::as_tuple(net::use_awaitable);
constexpr auto kPauseAfterAcceptError =
    std::chrono::milliseconds(100);  // out of file descriptors, most likely
}  // namespace

// The order of the members is the order of their lives: connections that the context still holds when it is
// destroyed leave the registry.
struct HttpServer::State {
  State(const HttpServerConfig& server_config, HttpHandler& server_handler)
      : config(server_config), handler(server_handler) {}

  Result<> listen();
  net::awaitable<void> accept();

  HttpServerConfig config;
  HttpHandler& handler;
  http_detail::ConnectionRegistry registry;
  net::io_context context;
  net::executor_work_guard<net::io_context::executor_type> work = net::make_work_guard(context);
  tcp::acceptor acceptor{net::make_strand(context)};
  std::vector<std::jthread> threads;
};

Result<> HttpServer::State::listen() {
  error_code error;
  tcp::resolver resolver(context);
  const std::string host = config.host.empty() ? "0.0.0.0" : config.host;
  const auto found = resolver.resolve(host, std::to_string(config.port), tcp::resolver::passive, error);
  if (error || found.empty())
    return fail(ErrorCode::kIo, "cannot listen on {}:{}: {}", host, config.port, error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) return fail(ErrorCode::kIo, "cannot listen on {}:{}: {}", host, config.port, error.message());
  return {};
}

net::awaitable<void> HttpServer::State::accept() {
  net::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    const net::any_io_executor strand = net::make_strand(context);
    tcp::socket socket(strand);
    const std::tuple<error_code> result = co_await acceptor.async_accept(socket, kAwait);
    const error_code error = std::get<0>(result);
    if (!error) {
      std::make_shared<http_detail::Connection>(std::move(socket), config.limits, handler, registry)->start();
    } else if (error != net::error::operation_aborted) {
      log_warning("accept: {}", error.message());
      pause.expires_after(kPauseAfterAcceptError);
      co_await pause.async_wait(kAwait);
    }
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerConfig& config, HttpHandler& handler) {
  auto state = std::make_unique<State>(config, handler);
  LOCI_TRY_VOID(state->listen());
  net::co_spawn(state->acceptor.get_executor(), state->accept(), net::detached);
  for (int i = 0; i < config.io_threads; ++i)
    state->threads.emplace_back([context = &state->context] { context->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  stop(Duration::zero());
}

std::uint16_t HttpServer::port() const {
  error_code error;
  return state_->acceptor.local_endpoint(error).port();
}

void HttpServer::stop(Duration flush) {
  if (state_->threads.empty()) return;
  std::promise<void> closed;
  net::post(state_->acceptor.get_executor(), [this, &closed] {
    error_code ignored;
    state_->acceptor.close(ignored);
    closed.set_value();
  });
  closed.get_future().wait();
  state_->registry.drain(flush);
  state_->context.stop();
  state_->threads.clear();
}

}  // namespace loci
