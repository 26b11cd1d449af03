// The exchange of one connection's request at hand. Outlives the connection where the engine still holds it;
// then it does nothing.
#pragma once

#include <memory>

#include "server/http_connection.h"

namespace loci::http_detail {

class ConnectionExchange final : public Exchange, public std::enable_shared_from_this<ConnectionExchange> {
 public:
  ConnectionExchange(const std::shared_ptr<Connection>& connection, HttpRequest request);

  const HttpRequest& request() const override { return request_; }
  void respond(HttpResponse response) override;
  void begin_stream(HttpResponse head) override;
  void write(std::string_view data) override;
  void end_stream() override;
  void on_disconnect(std::move_only_function<void()> action) override;
  void after(Duration delay, std::move_only_function<void()> action) override;
  void rename(std::string id) override { request_.id = std::move(id); }
  void post(std::move_only_function<void()> task) override;

  /// The client is gone.
  void disconnected();

 private:
  /// The connection, while the answer to this request may still be written.
  std::shared_ptr<Connection> open_connection() const;
  void finish(Connection& connection);
  /// Runs `task`, then writes what it left to be written.
  static void run(const std::weak_ptr<Connection>& connection, std::move_only_function<void()>& task);

  std::weak_ptr<Connection> connection_;
  net::any_io_executor strand_;
  HttpRequest request_;
  std::move_only_function<void()> on_disconnect_;
  std::unique_ptr<net::steady_timer> timer_;
  bool finished_ = false, gone_ = false;
};

}  // namespace loci::http_detail
