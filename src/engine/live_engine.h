// The live engine: one thread that owns requests, KV memory and the step, fed by a bounded queue.
//
// submit() and cancel() may be called from any thread. While there is nothing to do the thread sleeps.
#pragma once

#include <memory>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/engine_config.h"
#include "engine/executor.h"
#include "engine/request.h"

namespace loci {

class LoadedModel;

struct EngineStats {
  int running = 0;  // sequences with KV
  int waiting = 0;  // sequences without (queued requests included)
  int kv_blocks_used = 0, kv_blocks_total = 0;
  int kv_blocks_cached = 0;  // not used now, and found again by who has the same prefix
  int host_blocks_used = 0, host_blocks_total = 0;
  EngineCounters counters;
  KvStats kv;
  std::uint64_t kv_events = 0;       // the number of the last one
  std::vector<TenantStats> tenants;  // [tenant]
  double expected_output = 0;        // tokens of a choice; 0: not known yet
  double predicted_wait = 0;         // seconds, of a request that came now
  double cost_error = 0;             // of the cost model: mean of |predicted - measured| / measured
  CostModel::Coefficients cost{};
};

class LiveEngine {
 public:
  /// Allocates the KV arena and starts the thread. `model` must outlive the engine. Batches are computed by
  /// `executor`; where there is none, by the kernels of this machine.
  static Result<std::unique_ptr<LiveEngine>> start(const LoadedModel& model, const EngineConfig& config,
                                                   std::unique_ptr<Executor> executor = nullptr);
  ~LiveEngine();  // as stop()

  /// Accepts the request, after which `sink` gets events until the one with `last`; or refuses it at once:
  /// kInvalidArgument (prompt and max_tokens exceed the context, both numbers in the message; token outside
  /// the vocabulary; ...), kResourceExhausted (the queue is full, or the wait is predicted to be too long;
  /// with the seconds after which to ask again), kUnavailable (shutting down).
  Result<RequestId> submit(Request request, EventSink sink);

  /// Ends the request with FinishReason::kAbort within one step. Unknown or finished ids are ignored.
  void cancel(RequestId id);

  EngineStats stats() const;

  /// False when there is work but no step has ended for EngineConfig::stall_timeout and eight times what this
  /// one was predicted to take.
  bool making_progress() const;

  /// Has `question` asked of the engine between two steps, on its thread; it must not block or throw. False
  /// if the engine has stopped or has too many questions.
  bool ask(std::function<void(Engine&, Time)> question);

  /// Refuses new requests from now on; those accepted go on.
  void close();
  /// Waits until all accepted requests have ended, at most `timeout`; false if some still run.
  bool drain(Duration timeout);

  /// Aborts what still runs, delivers the last events and ends the thread. The object stays: it refuses
  /// requests and ignores cancellations, so that servers may still ask it things. Not from several threads at
  /// once.
  void stop();

  int max_model_len() const;
  bool records_kv_events() const;

 private:
  struct State;
  explicit LiveEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loci
