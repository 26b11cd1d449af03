#include "server/http_exchange.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.h"

namespace loci::http_detail {

ConnectionExchange::ConnectionExchange(const std::shared_ptr<Connection>& connection, HttpRequest request)
    : connection_(connection), strand_(connection->socket_.get_executor()), request_(std::move(request)) {}

void ConnectionExchange::respond(HttpResponse response) {
  const auto connection = open_connection();
  if (!connection) return;
  connection->queue_answer(std::move(response));
  finish(*connection);
}

void ConnectionExchange::begin_stream(HttpResponse head) {
  if (const auto connection = open_connection()) connection->queue_head(head, true);
}

void ConnectionExchange::write(std::string_view data) {
  if (const auto connection = open_connection()) connection->queue_chunk(data);
}

void ConnectionExchange::end_stream() {
  const auto connection = open_connection();
  if (!connection) return;
  connection->queue_last_chunk();
  finish(*connection);
}

void ConnectionExchange::on_disconnect(std::move_only_function<void()> action) {
  if (gone_) return action();
  on_disconnect_ = std::move(action);
}

void ConnectionExchange::after(Duration delay, std::move_only_function<void()> action) {
  if (finished_ || gone_) return;
  timer_ = std::make_unique<net::steady_timer>(strand_, delay);  // the end of one before cancels it
  timer_->async_wait([weak = weak_from_this(), action = std::move(action)](error_code error) mutable {
    const auto self = weak.lock();
    if (!error && self && !self->finished_ && !self->gone_) run(self->connection_, action);
  });
}

void ConnectionExchange::post(std::move_only_function<void()> task) {
  net::post(strand_, [connection = connection_, task = std::move(task)]() mutable { run(connection, task); });
}

void ConnectionExchange::run(const std::weak_ptr<Connection>& connection,
                             std::move_only_function<void()>& task) {
  try {
    task();
    if (const auto alive = connection.lock()) alive->flush();
  } catch (const std::exception& error) {  // out of memory, say: this answer cannot be completed
    log_error("while answering: {}", error.what());
    if (const auto alive = connection.lock()) alive->client_is_gone();
  }
}

void ConnectionExchange::disconnected() {
  gone_ = true;
  timer_.reset();
  if (on_disconnect_) std::exchange(on_disconnect_, nullptr)();
}

std::shared_ptr<Connection> ConnectionExchange::open_connection() const {
  return finished_ || gone_ ? nullptr : connection_.lock();
}

void ConnectionExchange::finish(Connection& connection) {
  finished_ = true;
  on_disconnect_ = nullptr;
  timer_.reset();
  connection.exchange_open_ = false;
  connection.notify();
}

}  // namespace loci::http_detail
