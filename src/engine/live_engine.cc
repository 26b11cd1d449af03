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
#include "engine/loaded_model.h"
#include "engine/local_executor.h"
#include "engine/memory_plan.h"

namespace loci {
namespace {

Time now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
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
struct StopCommand {};
using Command = std::variant<SubmitCommand, CancelCommand, StopCommand>;

EngineLimits limits_of(const MemoryPlan& plan, const ModelSpec& spec, const EngineConfig& config) {
  return {plan.max_model_len, {config.max_num_seqs, plan.workspace.rows, plan.workspace.logits_rows},
          plan.kv_blocks,     plan.kv.block_tokens,
          spec.causal,        spec.has_head};
}

Result<std::unique_ptr<Executor>> local_executor(const Model& model, const MemoryPlan& plan,
                                                 const EngineConfig& config) {
  const int threads = config.threads > 0 ? config.threads : available_processors();
  const kernels::OpTable* ops = kernels::ops_for(kernels::best_isa());
  LOCI_CHECK(ops != nullptr);
  log_info("kernels: {}, {} threads", ops->name, threads);
  return LocalExecutor::create(model, {plan.kv, plan.kv_blocks, plan.workspace, threads, ops});
}

}  // namespace

struct LiveEngine::State {
  State(const LoadedModel& loaded, const EngineConfig& config, std::unique_ptr<Executor> port,
        const EngineLimits& engine_limits, const SchedulingPolicies& policies)
      : model(loaded),
        limits(engine_limits),
        stall_timeout(config.stall_timeout),
        max_pending(static_cast<std::int64_t>(config.max_queued_requests) + config.max_num_seqs),
        executor(std::move(port)),
        engine({loaded.tokenizer(), loaded.end_tokens(), *executor, limits, policies}),
        // One submit, one cancel and one stop for each request that may be pending: push never fails.
        mailbox(2 * static_cast<std::size_t>(max_pending) + 1) {}

  void run() {
    std::vector<Command> commands;
    bool stopping = false;
    while (!stopping) {
      if (engine.idle()) {
        mailbox.wait_and_take(commands);
      } else {
        mailbox.take(commands);
      }
      for (Command& command : commands)
        stopping |= std::holds_alternative<StopCommand>(command) || (apply(command), false);
      if (stopping) engine.cancel_all();
      engine.step(now());
      publish();  // first, so that who has the last event of a request finds its memory free
      engine.deliver(now());
    }
  }

  void apply(Command& command) {
    if (auto* submit = std::get_if<SubmitCommand>(&command))
      engine.accept(submit->id, std::move(submit->request), std::move(submit->sink), submit->arrival);
    else
      engine.cancel(std::get<CancelCommand>(command).id);
  }

  /// Counts the request as ended after its last event has been delivered.
  EventSink counting(EventSink sink) {
    return [this, sink = std::move(sink)](Event&& event) {
      const bool last = event.last;
      sink(std::move(event));
      if (!last) return;
      const std::lock_guard lock(drain_mutex);
      if (--pending == 0) drained.notify_all();
    };
  }

  void publish() {
    last_progress.store(now(), std::memory_order_relaxed);
    const std::lock_guard lock(stats_mutex);
    const EngineCounters& c = engine.counters();
    stats = {engine.running(), engine.waiting(), engine.blocks().used(), engine.blocks().total(),
             c.steps,          c.preemptions,    c.prompt_tokens,        c.generation_tokens};
  }

  const LoadedModel& model;
  const EngineLimits limits;
  const Duration stall_timeout;
  const std::int64_t max_pending;
  std::unique_ptr<Executor> executor;
  Engine engine;  // of the engine thread
  Mailbox<Command> mailbox;

  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::int64_t> pending{0};  // accepted, last event not delivered
  std::atomic<bool> closed{false};
  std::atomic<Time> last_progress{Time{}};
  std::mutex drain_mutex;
  std::condition_variable drained;
  mutable std::mutex stats_mutex;
  EngineStats stats;
  std::thread thread;
};

Result<std::unique_ptr<LiveEngine>> LiveEngine::start(const LoadedModel& loaded, const EngineConfig& config,
                                                      std::unique_ptr<Executor> executor) {
  const Model& model = loaded.model();
  LOCI_TRY(const SchedulingPolicies policies,
           find_policies(config.scheduling_policy, config.preemption_policy));
  LOCI_TRY(const MemoryPlan plan,
           plan_memory(model.spec(), weight_bytes(model.weights()), model.main_dtype(), config));
  for (const std::string& line : plan.describe()) log_info("memory: {}", line);
  if (executor == nullptr) {
    LOCI_TRY(executor, local_executor(model, plan, config));
  }
  auto state = std::make_unique<State>(loaded, config, std::move(executor),
                                       limits_of(plan, model.spec(), config), policies);
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
  const bool sent = state_->mailbox.push(StopCommand{});
  LOCI_CHECK(sent);
  state_->thread.join();
}

Result<RequestId> LiveEngine::submit(Request request, EventSink sink) {
  State& s = *state_;
  LOCI_TRY_VOID(validate(request, s.limits, s.model.model().spec().vocab_size));
  {
    // With the lock, close() and drain() see either this request or its refusal.
    const std::lock_guard lock(s.drain_mutex);
    if (s.closed) return fail(ErrorCode::kUnavailable, "the server is shutting down");
    if (s.pending >= s.max_pending)
      return fail(ErrorCode::kResourceExhausted, "the queue is full: {} requests wait or run",
                  s.pending.load());
    if (s.pending++ == 0) s.last_progress = now();
  }
  const RequestId id{s.next_id++};
  const bool sent = s.mailbox.push(SubmitCommand{id, std::move(request), s.counting(std::move(sink)), now()});
  LOCI_CHECK(sent);
  return id;
}

void LiveEngine::cancel(RequestId id) {
  // A client may cancel more often than once; what the mailbox cannot hold is a repetition.
  if (!state_->mailbox.push(CancelCommand{id}))
    log_warning("cancellation of request {} dropped: the mailbox is full", raw(id));
}

EngineStats LiveEngine::stats() const {
  const std::lock_guard lock(state_->stats_mutex);
  return state_->stats;
}

bool LiveEngine::making_progress() const {
  return state_->pending == 0 || now() - state_->last_progress.load() < state_->stall_timeout;
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

}  // namespace loci
