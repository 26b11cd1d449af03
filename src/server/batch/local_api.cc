#include "server/batch/local_api.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "server/request_id.h"
#include "server/routes.h"

namespace loci {
namespace {

namespace net = boost::asio;
using Answered = std::function<void(const HttpRequest& request, HttpResponse response)>;

class LocalExchange final : public Exchange, public std::enable_shared_from_this<LocalExchange> {
 public:
  LocalExchange(net::io_context& io, HttpRequest request, Answered answered)
      : io_(io), request_(std::move(request)), answered_(std::move(answered)) {}

  const HttpRequest& request() const override { return request_; }

  void respond(HttpResponse response) override {
    if (std::exchange(finished_, true)) return;
    timer_.reset();
    answered_(request_, std::move(response));
  }

  void begin_stream(HttpResponse head) override { stream_ = std::move(head); }
  void write(std::string_view data) override { stream_.body += data; }
  void end_stream() override { respond(std::move(stream_)); }

  void on_disconnect(std::move_only_function<void()>) override {}  // this client stays

  void after(Duration delay, std::move_only_function<void()> action) override {
    if (finished_) return;
    timer_ = std::make_unique<net::steady_timer>(io_, delay);
    timer_->async_wait([weak = weak_from_this(), action = std::move(action)](auto error) mutable {
      const auto self = weak.lock();
      if (!error && self && !self->finished_) self->run(action);
    });
  }

  void rename(std::string id) override { request_.id = std::move(id); }

  void post(std::move_only_function<void()> task) override {
    net::post(io_, [self = shared_from_this(), task = std::move(task)]() mutable { self->run(task); });
  }

  void run(std::move_only_function<void()>& task) {
    try {
      task();
    } catch (const std::exception& error) {  // out of memory, say: this answer cannot be completed
      log_error("while answering: {}", error.what());
      respond(error_response(ApiError(500, "internal error")));
    }
  }

 private:
  net::io_context& io_;
  HttpRequest request_;
  Answered answered_;
  HttpResponse stream_;
  std::unique_ptr<net::steady_timer> timer_;
  bool finished_ = false;
};

}  // namespace

struct LocalApi::State {
  explicit State(const ServedModel& served) {
    api.metrics.attach(served.name());
    api.served = &served;
  }

  void dispatch(const std::shared_ptr<LocalExchange>& exchange) {
    const HttpRequest& request = exchange->request();
    const RouteMatch match = match_route(request.method, request.path);
    ApiResult<> done;
    if (match.route == nullptr) {
      done = std::unexpected(unknown_route(request.method, request.path));
    } else {
      ApiCall call{api, api.served, exchange, match.rest, {}};
      done = match.route->handler(call);
    }
    if (!done) exchange->respond(error_response(done.error(), error_shape(request.path)));
  }

  ApiState api;
  net::io_context io{1};
  net::executor_work_guard<net::io_context::executor_type> work{io.get_executor()};
};

LocalApi::LocalApi(const ServedModel& served) : state_(std::make_unique<State>(served)) {}
LocalApi::~LocalApi() = default;

void LocalApi::call(HttpRequest request, Answered answered) {
  if (request.id.empty()) request.id = request_id_of(request);
  const auto exchange = std::make_shared<LocalExchange>(state_->io, std::move(request), std::move(answered));
  std::move_only_function<void()> task = [&] { state_->dispatch(exchange); };
  exchange->run(task);
}

void LocalApi::run_one() {
  state_->io.run_one();
}

}  // namespace loci
