// The engine's state machine: requests in, one step at a time, events out.
//
//   plan (sched) -> preempt and lease blocks (memory) -> run the batch (Executor) -> sample (decode) ->
//   retire -> deliver events
//
// Pure but for its ports: time is an argument, the batch is computed by an Executor. So the live loop and a
// simulator drive the same code. Owned by one thread. Invariants: every accepted request ends in exactly one
// event with `last`; a sequence holds blocks only while it runs; an idle engine holds none (checked each time
// that it becomes idle).
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "decode/sampler.h"
#include "engine/executor.h"
#include "engine/request.h"
#include "engine/sequence.h"
#include "memory/block_pool.h"
#include "sched/scheduler.h"

namespace loci {

struct EngineLimits {
  int max_model_len;
  StepLimits step;
  int kv_blocks;
  int block_tokens;
  bool causal = true;     // false: a sequence is computed in one step
  bool generates = true;  // false: the model has embeddings only
};

struct EngineCounters {
  std::uint64_t steps = 0, preemptions = 0, prompt_tokens = 0, generation_tokens = 0;
};

/// What can be said against a request before it is accepted; kInvalidArgument with the API's field name and
/// both numbers.
Result<> validate(const Request& request, const EngineLimits& limits, int vocab_size);

class Engine {
 public:
  struct Parts {
    const Tokenizer& tokenizer;
    std::vector<TokenId> end_tokens;
    Executor& executor;
    EngineLimits limits;
    SchedulingPolicies policies;
  };
  explicit Engine(Parts parts);

  /// Takes a request that validate() has passed.
  void accept(RequestId id, Request request, EventSink sink, Time now);
  /// Ends the request with FinishReason::kAbort; unknown ids are ignored.
  void cancel(RequestId id);
  void cancel_all();

  /// One step. Does nothing when idle.
  void step(Time now);

  /// Hands out the events of the steps and cancellations since the last call, in order, stamped with `now`.
  /// What has ended holds nothing any more when its last event leaves.
  void deliver(Time now);

  bool idle() const { return requests_.empty(); }
  int running() const { return static_cast<int>(running_.size()); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  const BlockPool& blocks() const { return pool_; }
  const EngineCounters& counters() const { return counters_; }

 private:
  using SequenceList = std::vector<std::unique_ptr<Sequence>>;

  // The step, in its order (engine.cc).
  void make_plan(Time now);
  void apply_preempts();
  void start_slices();
  Batch build_batch();
  void collect(const StepResult& result);
  /// The first unread row of each kind of result.
  struct ResultRows {
    int logits = 0, states = 0;
  };
  void take_logits(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows);
  void take_states(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows);
  void retire_finished();
  void check_conservation() const;

  // What comes out of it (engine_output.cc).
  void take_prompt_logprobs(Sequence& sequence, std::span<const float> logits);
  void take_token(Sequence& sequence, std::span<const float> logits);
  void take_embedding(Sequence& sequence);
  TokenId choose_token(const Sequence& sequence, std::span<const float> logits);
  bool is_end_token(const Request& request, TokenId token) const;
  void add_text(Sequence& sequence, TokenId token, Event& event) const;
  void emit(Sequence& sequence, Event&& event);
  void finish_without_token(Sequence& sequence, FinishReason reason, std::string error);

  Parts parts_;
  BlockPool pool_;
  std::unordered_map<RequestId, std::unique_ptr<ActiveRequest>> requests_;
  SequenceList running_;  // hold KV; ordered by arrival, then id
  SequenceList waiting_;
  std::unordered_map<SequenceId, Sequence*> sequences_;  // looked up, never walked
  std::vector<SequenceId> finished_;                     // in this step
  struct Outgoing {
    ActiveRequest* to;
    Event event;
  };
  std::vector<Outgoing> outbox_;                       // not yet delivered
  std::vector<std::unique_ptr<ActiveRequest>> ended_;  // whose last event is in the outbox
  std::uint64_t next_sequence_ = 0;
  EngineCounters counters_;
  SampleScratch scratch_;

  // Of the current step; kept so that a step allocates nothing.
  std::vector<SequenceView> running_views_, waiting_views_;
  StepPlan plan_;
  std::vector<TokenId> batch_tokens_;
  std::vector<int> batch_positions_, batch_sequences_, batch_logits_rows_, batch_state_rows_;
  std::vector<const std::uint32_t*> batch_tables_;
};

}  // namespace loci
