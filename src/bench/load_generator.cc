#include "bench/load_generator.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <sys/resource.h>

#include "bench/http_connection.h"
#include "bench/slots.h"
#include "bench/sse.h"

namespace loci::bench {
namespace {

constexpr auto kAwait = net::as_tuple(net::use_awaitable);  // named: see http_connection.cc
constexpr std::int64_t kLongPrompt = 2000;  // tokens; from here on the body is written by the other thread
constexpr std::size_t kMaxErrorText = 500;
constexpr int kWarmupUsers = 32;
constexpr double kPause = 0.1;  // seconds, of a user whose connection was refused: nobody answers in no time
constexpr Duration kTick = std::chrono::milliseconds(250);
constexpr std::uint64_t kTenantDraw = 0x74656E, kPriorityDraw = 0x707269, kAnswer = 0x616E73;

/// "Later, perhaps": too many requests, unavailable, overloaded.
bool is_refusal(int status) {
  return status == 429 || status == 503 || status == 529;
}

/// As many open files as the system allows: each connection is one.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What one attempt brought.
struct Attempt {
  explicit Attempt(bool keep_text) : stream(keep_text) {}
  HttpReply reply{};
  CompletionStream stream;
  SseParser events{};
  std::string body{};              // of a refusal
  std::optional<Error> trouble{};  // with the stream
};

enum class Pace { kMeasured, kWarmup };  // a warm-up is a closed loop, whatever the run is

class Generator {
 public:
  Generator(const Workload& workload, const LoadOptions& options, LoadObserver& observer,
            Pace pace = Pace::kMeasured, std::size_t first_session = 0)
      : workload_(workload),
        options_(options),
        observer_(observer),
        pace_(pace),
        next_session_(first_session),
        first_session_(first_session) {
    for (const Tenant& tenant : options.tenants) weights_.push_back({tenant.name, tenant.weight});
    progress_.planned = options.num_requests;
  }

  Result<LoadRun> run();

 private:
  bool open_loop() const {
    return pace_ == Pace::kMeasured && (workload_.timed() || options_.arrivals.rate != kAllAtOnce);
  }
  bool closed_loop() const { return !open_loop() && options_.max_concurrency; }
  double now() const { return seconds(std::chrono::steady_clock::now() - start_); }
  bool is_over() const {
    return reserved_ >= options_.num_requests || (options_.max_seconds && now() >= *options_.max_seconds);
  }

  std::optional<Session> next_session();
  template <class F>
  void spawn(F coroutine);
  net::awaitable<void> arrive();
  net::awaitable<void> one_user();
  net::awaitable<void> play(Session session, std::size_t index, std::size_t first_number,
                            std::optional<double> due);
  net::awaitable<void> wait_until(double time);
  net::awaitable<HttpRequest> write_request(const Conversation& conversation, const RequestShape& shape,
                                            int tenant);
  net::awaitable<Message> ask(const Conversation& conversation, bool in_session, RequestResult& result,
                              std::optional<double> due);
  net::awaitable<void> attempt(const HttpRequest& request, Attempt& attempt);
  void conclude(const Attempt& attempt, RequestResult& result) const;
  void record(RequestResult result);
  void tell();
  void tick();

  const Workload& workload_;
  const LoadOptions& options_;
  LoadObserver& observer_;
  const Pace pace_;
  std::vector<Weighted> weights_;
  std::size_t next_session_, first_session_;
  std::size_t reserved_ = 0;
  int live_ = 0;  // coroutines
  Time start_{};
  LoadProgress progress_{};
  LoadRun run_{};
  net::thread_pool writer_{1};
  net::io_context context_{1};  // ends first: its coroutines refer to the rest
  HttpConnection::Endpoints endpoints_{};
  std::vector<std::shared_ptr<HttpConnection>> idle_{};
  std::optional<Slots> slots_{};
  net::signal_set signals_{context_};
  net::steady_timer ticker_{context_};
};

Result<LoadRun> Generator::run() {
  boost::system::error_code error;
  net::ip::tcp::resolver resolver(context_);
  const Url& url = options_.server.url;
  endpoints_ = resolver.resolve(url.host, url.port, error);
  if (error) return fail(ErrorCode::kUnavailable, "--url: {}: {}", authority(url), error.message());
  run_.open_loop = open_loop();
  if (options_.max_concurrency && !closed_loop()) slots_.emplace(context_, *options_.max_concurrency);
  signals_.add(SIGINT, error);
  signals_.add(SIGTERM, error);
  signals_.async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    run_.interrupted = true;
    context_.stop();
  });
  start_ = std::chrono::steady_clock::now();
  if (closed_loop())
    for (int i = 0; i < *options_.max_concurrency; ++i) spawn([this] { return one_user(); });
  else
    spawn([this] { return arrive(); });
  tick();
  context_.run();
  writer_.join();
  std::ranges::sort(run_.requests, {}, &RequestResult::number);
  for (const RequestResult& request : run_.requests) run_.duration = std::max(run_.duration, request.ended);
  return std::move(run_);
}

template <class F>
void Generator::spawn(F coroutine) {
  ++live_;
  net::co_spawn(context_, std::move(coroutine), [this](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    if (--live_ > 0) return;
    signals_.cancel();
    ticker_.cancel();
  });
}

/// The next session, cut where the run is to end; the numbers of its requests are taken.
std::optional<Session> Generator::next_session() {
  if (is_over()) return std::nullopt;
  auto session = workload_.session(next_session_);
  if (!session) return std::nullopt;
  ++next_session_;
  session->turns.resize(std::min(session->turns.size(), options_.num_requests - reserved_));
  reserved_ += session->turns.size();
  return session;
}

net::awaitable<void> Generator::arrive() {
  Arrivals arrivals(options_.arrivals);
  for (;;) {
    const std::size_t index = next_session_, number = reserved_;
    auto session = next_session();
    if (!session) co_return;
    const double due = session->at ? *session->at : arrivals.next();
    if (options_.max_seconds && due >= *options_.max_seconds) co_return;
    co_await wait_until(due);
    spawn([this, index, number, due, one = std::move(*session)] { return play(one, index, number, due); });
  }
}

net::awaitable<void> Generator::one_user() {
  for (;;) {
    const std::size_t index = next_session_, number = reserved_;
    auto session = next_session();
    if (!session) co_return;
    net::awaitable<void> playing = play(std::move(*session), index, number, std::nullopt);
    co_await std::move(playing);
  }
}

net::awaitable<void> Generator::wait_until(double time) {
  net::steady_timer timer(context_, start_ + std::chrono::duration_cast<Duration>(
                                                 std::chrono::duration<double>(std::min(time, 1e9))));
  if (time > now()) co_await timer.async_wait(kAwait);
}

net::awaitable<void> Generator::play(Session session, std::size_t index, std::size_t first_number,
                                     std::optional<double> due) {
  RequestResult base;
  base.part = session.part;
  base.session = index - first_session_;
  Draws tenant(mix({options_.seed, kTenantDraw, index})),
      priority(mix({options_.seed, kPriorityDraw, index}));
  if (!weights_.empty()) base.tenant = static_cast<int>(pick(weights_, tenant));
  if (!options_.priorities.empty())
    base.priority = std::stoi(options_.priorities[pick(options_.priorities, priority)].name);
  Conversation history;
  for (std::size_t i = 0; i < session.turns.size(); ++i) {
    Turn& turn = session.turns[i];
    if (i > 0) {
      due = now() + turn.think;
      co_await wait_until(*due);
      if (options_.max_seconds && now() >= *options_.max_seconds) co_return;
    }
    if (turn.whole) history.clear();
    std::ranges::move(turn.messages, std::back_inserter(history));
    RequestResult result = base;
    result.number = first_number + i;
    result.turn = static_cast<int>(i);
    result.planned_output = turn.output_tokens;
    result.planned_input =
        turn.listed_tokens > 0 ? turn.listed_tokens : static_cast<int>(planned_tokens(history));
    Message answer = co_await ask(history, session.turns.size() > 1, result, due);
    const bool ok = result.ok(), nobody = result.error_kind == "connect";
    if (answer.text.empty() && answer.ids.empty())
      answer.segments = {{mix({options_.seed, kAnswer, index, i}), std::max(1, result.output_tokens)}};
    record(std::move(result));
    history.push_back(std::move(answer));
    if (ok) continue;
    if (nobody && closed_loop()) co_await wait_until(now() + kPause);
    run_.turns_not_sent += static_cast<int>(session.turns.size() - i - 1);
    co_return;
  }
}

net::awaitable<HttpRequest> Generator::write_request(const Conversation& conversation,
                                                     const RequestShape& shape, int tenant) {
  Headers headers = options_.server.headers;
  if (!options_.tenants.empty()) {
    const std::string& key = options_.tenants[static_cast<std::size_t>(tenant)].api_key;
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
  }
  const auto write = [&] {
    return make_request(options_.server.url, "POST", options_.path, headers,
                        request_body(conversation, shape, options_.body));
  };
  if (planned_tokens(conversation) < kLongPrompt) co_return write();
  auto elsewhere = [&write]() -> net::awaitable<HttpRequest> { co_return write(); };
  HttpRequest request = co_await net::co_spawn(writer_, elsewhere, net::use_awaitable);
  co_return request;
}

/// One request to its end, into `result`; the answer as the next turn's history wants it.
net::awaitable<Message> Generator::ask(const Conversation& conversation, bool in_session,
                                       RequestResult& result, std::optional<double> due) {
  const bool ids = goes_as_ids(conversation, options_.body);
  const RequestShape shape{result.planned_output, result.priority, in_session && ids};
  const HttpRequest request = co_await write_request(conversation, shape, result.tenant);
  if (slots_) co_await slots_->take();
  result.intended = due ? *due : now();
  ++progress_.sent;
  for (;; ++result.retries) {
    Attempt tried(options_.keep_text || (in_session && !ids));
    co_await attempt(request, tried);
    if (result.retries == 0) result.sent = seconds(tried.reply.sent - start_);
    if (is_refusal(tried.reply.status) && result.retries < options_.retries) {
      co_await wait_until(now() + tried.reply.retry_after.value_or(1));
      continue;
    }
    result.ended = now();
    if (slots_) slots_->give();
    conclude(tried, result);
    Message answer{.role = Message::Role::kAssistant, .text = tried.stream.text()};
    if (ids) answer.ids = tried.stream.ids();
    if (ids) answer.text.clear();
    co_return answer;
  }
}

/// Sends the request on an idle connection, else on a new one. A connection that the server had closed while
/// it was idle costs nothing but the new one.
net::awaitable<void> Generator::attempt(const HttpRequest& request, Attempt& tried) {
  const HttpConnection::BodySink sink = [this, &tried](int status, std::string_view bytes) {
    if (status != 200) {
      tried.body.append(bytes.substr(0, kMaxErrorText - std::min(kMaxErrorText, tried.body.size())));
      return true;
    }
    const double time = now();
    const auto fed = tried.events.feed(bytes, [&](std::string_view data) {
      if (tried.trouble) return;
      if (auto taken = tried.stream.take(data, time); !taken) tried.trouble = std::move(taken.error());
    });
    if (!fed) tried.trouble = fed.error();
    return !tried.trouble;
  };
  for (;;) {
    std::shared_ptr<HttpConnection> connection;
    const bool is_old = !idle_.empty();
    if (is_old) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    } else {
      connection = std::make_shared<HttpConnection>(context_.get_executor());
    }
    tried.reply = co_await connection->exchange(endpoints_, request, options_.request_timeout, sink);
    if (tried.reply.untouched && is_old) continue;
    if (connection->reusable()) idle_.push_back(std::move(connection));
    co_return;
  }
}

void Generator::conclude(const Attempt& tried, RequestResult& result) const {
  const auto failed = [&](std::string_view kind, std::string_view words) {
    result.error_kind = kind;
    result.error = words.substr(0, kMaxErrorText);
  };
  const HttpReply& reply = tried.reply;
  result.prompt_tokens = tried.stream.prompt_tokens();
  result.cached_tokens = tried.stream.cached_tokens();
  const TokenCount count = tried.stream.count();
  result.output_tokens = count.tokens;
  result.counted_by = count.source;
  result.output_times = tried.stream.output_times();
  result.output_counts = tried.stream.tokens_of_chunks();
  result.retry_after = reply.retry_after;
  if (options_.keep_text) result.text = tried.stream.text();
  if (reply.status != 0 && reply.status != 200)
    failed(fmt::format("http_{}", reply.status), tried.body);
  else if (tried.trouble)
    failed(tried.trouble->code == ErrorCode::kUnavailable ? "stream_error" : "bad_stream",
           tried.trouble->message);
  else if (!reply.error_kind.empty() && !tried.stream.ended())
    failed(reply.error_kind, reply.error);
  else if (result.output_times.empty())
    failed("no_output", fmt::format("no token came ({})", reply.content_type));
  else if (!tried.stream.ended())
    failed("truncated", "the stream stopped without an end");
}

void Generator::record(RequestResult result) {
  ++(result.ok() ? progress_.completed : progress_.failed);
  progress_.output_tokens += result.output_tokens;
  run_.requests.push_back(std::move(result));
  tell();
}

void Generator::tell() {
  progress_.seconds = now();
  observer_.on_progress(progress_);
}

/// Tells of progress while nothing ends, too.
void Generator::tick() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled || live_ == 0) return;
    tell();
    tick();
  });
}

class Silent final : public LoadObserver {
 public:
  void on_progress(const LoadProgress&) override {}
};

Result<> warm_up(const Workload& workload, LoadOptions options) {
  Silent silent;
  options.num_requests = static_cast<std::size_t>(options.warmup);
  options.max_concurrency = options.max_concurrency.value_or(std::min(options.warmup, kWarmupUsers));
  options.max_seconds.reset();
  const std::size_t first = workload.session(kWarmupSessions) ? kWarmupSessions : 0;
  LOCI_TRY(const LoadRun run, Generator(workload, options, silent, Pace::kWarmup, first).run());
  const bool none = std::ranges::none_of(run.requests, &RequestResult::ok);
  if (run.interrupted) return fail(ErrorCode::kUnavailable, "interrupted while warming up");
  if (none && !run.requests.empty())
    return fail(ErrorCode::kUnavailable, "no request of --warmup was answered: {} ({})",
                run.requests.front().error, run.requests.front().error_kind);
  return {};
}

}  // namespace

Result<LoadRun> run_load(const Workload& workload, const LoadOptions& options, LoadObserver& observer) {
  raise_file_limit();
  if (options.warmup > 0) LOCI_TRY_VOID(warm_up(workload, options));
  return Generator(workload, options, observer).run();
}

}  // namespace loci::bench
