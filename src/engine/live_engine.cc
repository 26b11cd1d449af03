#include "engine/live_engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <variant>

#include "base/check.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/processors.h"
#include "engine/engine.h"
#include "engine/engine_parts.h"
#include "engine/loaded_model.h"
#include "engine/local_executor.h"
#include "engine/memory_plan.h"
#include "engine/queue_gate.h"
#include "engine/step_log.h"

namespace loci {
namespace {

Time now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

Duration from_ms(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

struct SubmitCommand {
  RequestId id;
  Request request;
  EventSink sink;
  Time arrival;
};
struct CancelCommand {
  RequestId id;
};
struct AskCommand {
  std::function<void(Engine&, Time)> question;
};
struct StopCommand {};
using Command = std::variant<SubmitCommand, CancelCommand, AskCommand, StopCommand>;

/// Questions that may wait at once.
constexpr std::size_t kMaxQuestions = 1024;

Result<std::unique_ptr<Executor>> local_executor(const Model& model, const MemoryPlan& plan,
                                                 const EngineConfig& config) {
  const int threads = config.threads > 0 ? config.threads : available_processors();
  const kernels::OpTable* ops = kernels::ops_for(kernels::best_isa());
  LOCI_CHECK(ops != nullptr);
  log_info("kernels: {}, {} threads", ops->name, threads);
  return LocalExecutor::create(model, {.kv = plan.kv,
                                       .kv_blocks = plan.kv_blocks,
                                       .limits = plan.workspace,
                                       .threads = threads,
                                       .ops = ops,
                                       .host_blocks = plan.host_blocks,
                                       .prefault = config.kv_prefault});
}

}  // namespace

struct LiveEngine::State {
  State(const LoadedModel& loaded, const EngineConfig& config, std::unique_ptr<Executor> port,
        Engine::Parts parts)
      : model(loaded),
        limits(parts.limits),
        stall_timeout(config.stall_timeout),
        executor(std::move(port)),
        engine(observed(std::move(parts))),
        // One submit and one cancel for each request that may be pending, the questions, and a stop: push
        // never fails.
        mailbox(2 * static_cast<std::size_t>(max_pending(config)) + kMaxQuestions + 1),
        gate({.max_pending = max_pending(config), .max_delay = config.max_queue_delay_s}) {}

  static std::int64_t max_pending(const EngineConfig& config) {
    return static_cast<std::int64_t>(config.max_queued_requests) + config.max_num_seqs;
  }

  Engine::Parts observed(Engine::Parts parts) {
    parts.before_run = [this](double predicted) {
      predicted_step.store(from_ms(predicted * 1e3), std::memory_order_relaxed);
    };
    return parts;
  }

  void run() {
    std::vector<Command> commands;
    bool stopping = false;
    while (!stopping) {
      if (engine.idle()) {
        mailbox.wait_and_take(commands);
      } else if (const auto resume = engine.resting_until()) {
        mailbox.wait_and_take(commands, *resume);
      } else {
        mailbox.take(commands);
      }
      bool logged = log && (!commands.empty() || !engine.idle());
      for (Command& command : commands)
        stopping |= std::holds_alternative<StopCommand>(command) || (apply(command), false);
      if (stopping) engine.cancel_all(now());
      logged &= !stopping;  // that end is no plan's
      const EngineCounters before = engine.counters();
      const Time step = now();
      engine.step(step);
      if (logged) log->step(step, before, engine.counters());
      publish();  // first, so that who has the last event of a request finds its memory free
      const Time done = now();
      engine.deliver(done);
      if (logged) log->deliver(done);
    }
  }

  void apply(Command& command) {
    if (auto* submit = std::get_if<SubmitCommand>(&command)) {
      if (log) log->accept(submit->id, submit->request, submit->arrival);
      {
        const std::lock_guard lock(stats_mutex);
        gate.taken(submit->request.tenant, arrival_of(submit->request));
      }
      EventSink sink = log ? logging(submit->id, std::move(submit->sink)) : std::move(submit->sink);
      engine.accept(submit->id, std::move(submit->request), std::move(sink), submit->arrival);
    } else if (auto* ask = std::get_if<AskCommand>(&command)) {
      answer(*ask);
    } else {
      const Time at = now();
      if (log) log->cancel(std::get<CancelCommand>(command).id, at);
      engine.cancel(std::get<CancelCommand>(command).id, at);
    }
  }

  EventSink logging(RequestId id, EventSink sink) {
    return [this, id, sink = std::move(sink)](Event&& event) {
      log->event(id, event);
      sink(std::move(event));
    };
  }

  void answer(AskCommand& ask) {
    --questions;
    ask.question(engine, now());
  }

  /// Counts the request as ended after its last event has been delivered.
  EventSink counting(std::string tenant, EventSink sink) {
    return [this, tenant = std::move(tenant), sink = std::move(sink)](Event&& event) {
      const bool last = event.last;
      sink(std::move(event));
      if (!last) return;
      leave(tenant);
      const std::lock_guard lock(drain_mutex);
      if (--pending == 0) drained.notify_all();
    };
  }

  Result<> enter(const Request& request) {
    const std::lock_guard lock(stats_mutex);
    return gate.enter(request);
  }
  void leave(const std::string& tenant) {
    const std::lock_guard lock(stats_mutex);
    gate.leave(tenant);
  }

  void publish() {
    last_progress.store(now(), std::memory_order_relaxed);
    const std::lock_guard lock(stats_mutex);
    stats = {.running = engine.running(),
             .waiting = engine.waiting(),
             .kv_blocks_used = engine.blocks().used(),
             .kv_blocks_total = engine.blocks().total(),
             .kv_blocks_cached = engine.blocks().idle(),
             .host_blocks_used = engine.memory().host_used(),
             .host_blocks_total = limits.host_blocks,
             .counters = engine.counters(),
             .kv = engine.memory().stats(),
             .kv_events = engine.memory().events().last_number(),
             .tenants = std::move(stats.tenants),
             .expected_output = engine.expected_output(),
             .cost_error = engine.cost().relative_error(),
             .cost = engine.cost().coefficients()};
    engine.tenants().report(stats.tenants);
    gate.renew([this](WaitForecast& forecast) { engine.foresee(forecast); });
  }

  const LoadedModel& model;
  const EngineLimits limits;
  const Duration stall_timeout;
  std::unique_ptr<Executor> executor;
  Engine engine;  // of the engine thread, as is the log
  std::unique_ptr<StepLogWriter> log;
  Mailbox<Command> mailbox;

  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::int64_t> pending{0};  // accepted, last event not delivered
  std::atomic<bool> closed{false};
  bool stopped = false;  // under drain_mutex: the engine thread takes no more messages
  std::atomic<Time> last_progress{Time{}};
  std::atomic<Duration> predicted_step{Duration{}};
  std::atomic<std::size_t> questions{0};
  std::mutex drain_mutex;
  std::condition_variable drained;
  mutable std::mutex stats_mutex;  // of the two below
  EngineStats stats;
  QueueGate gate;
  std::thread thread;
};

Result<std::unique_ptr<LiveEngine>> LiveEngine::start(const LoadedModel& loaded, const EngineConfig& config,
                                                      std::unique_ptr<Executor> executor) {
  const Model& model = loaded.model();
  LOCI_TRY(const MemoryPlan plan,
           plan_memory(model.spec(), weight_bytes(model.weights()), model.main_dtype(), config));
  for (const std::string& line : plan.describe()) log_info("memory: {}", line);
  if (executor == nullptr) {
    LOCI_TRY(executor, local_executor(model, plan, config));
  }
  LOCI_TRY(Engine::Parts parts, engine_parts(loaded, plan, config, *executor));
  auto state = std::make_unique<State>(loaded, config, std::move(executor), std::move(parts));
  if (!config.step_log.empty()) {
    LOCI_TRY(state->log,
             StepLogWriter::create(config.step_log, config.step_log_bytes, state->limits, config));
  }
  state->publish();
  state->thread = std::thread([s = state.get()] { s->run(); });
  return std::unique_ptr<LiveEngine>(new LiveEngine(std::move(state)));
}

LiveEngine::LiveEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}

LiveEngine::~LiveEngine() {
  stop();
}

void LiveEngine::stop() {
  if (!state_->thread.joinable()) return;
  close();
  {
    const std::lock_guard lock(state_->drain_mutex);
    state_->stopped = true;
    const bool sent = state_->mailbox.push(StopCommand{});
    LOCI_CHECK(sent);
  }
  state_->thread.join();
}

Result<RequestId> LiveEngine::submit(Request request, EventSink sink) {
  State& s = *state_;
  LOCI_TRY_VOID(validate(request, s.limits, s.model.model().spec().vocab_size));
  {
    // With the lock, close() and drain() see either this request or its refusal.
    const std::lock_guard lock(s.drain_mutex);
    if (s.closed) return fail(ErrorCode::kUnavailable, "the server is shutting down");
    LOCI_TRY_VOID(s.enter(request));
    if (s.pending++ == 0) s.last_progress = now();
  }
  const RequestId id{s.next_id++};
  sink = s.counting(request.tenant, std::move(sink));
  const bool sent = s.mailbox.push(SubmitCommand{id, std::move(request), std::move(sink), now()});
  LOCI_CHECK(sent);
  return id;
}

void LiveEngine::cancel(RequestId id) {
  // A client may cancel more often than once; what the mailbox cannot hold is a repetition.
  if (!state_->mailbox.push(CancelCommand{id}))
    log_warning("cancellation of request {} dropped: the mailbox is full", raw(id));
}

bool LiveEngine::ask(std::function<void(Engine&, Time)> question) {
  State& s = *state_;
  const std::lock_guard lock(s.drain_mutex);  // with close(): what is pushed after the stop is never answered
  if (s.stopped) return false;
  if (s.questions++ < kMaxQuestions) return s.mailbox.push(AskCommand{std::move(question)});
  --s.questions;
  return false;
}

EngineStats LiveEngine::stats() const {
  const std::lock_guard lock(state_->stats_mutex);
  EngineStats stats = state_->stats;
  stats.predicted_wait = state_->gate.wait();
  for (TenantStats& tenant : stats.tenants) tenant.predicted_wait = state_->gate.wait_of(tenant.name);
  return stats;
}

bool LiveEngine::making_progress() const {
  const Duration allowed = state_->stall_timeout + 8 * state_->predicted_step.load();
  return state_->pending == 0 || now() - state_->last_progress.load() < allowed;
}

void LiveEngine::close() {
  const std::lock_guard lock(state_->drain_mutex);
  state_->closed = true;
}

bool LiveEngine::drain(Duration timeout) {
  std::unique_lock lock(state_->drain_mutex);
  return state_->drained.wait_for(lock, timeout, [this] { return state_->pending == 0; });
}

int LiveEngine::max_model_len() const {
  return state_->limits.max_model_len;
}

bool LiveEngine::records_kv_events() const {
  return state_->limits.kept_kv_events > 0;
}

}  // namespace loci
