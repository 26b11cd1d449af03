// The engine's state machine: requests in, one step at a time, events out.
//
//   plan (sched) -> preempt, lease, copy blocks (memory) -> run the batch (Executor) -> sample (decode) ->
//   seal blocks -> retire -> deliver events
//
// Pure but for its ports: time is an argument, the batch is computed by an Executor. So the live loop and a
// simulator drive the same code. Owned by one thread. Invariants: every accepted request ends in exactly one
// event with `last`; a sequence holds blocks only while it runs; an idle engine holds none (checked each time
// that it becomes idle).
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/audit.h"
#include "decode/sampler.h"
#include "engine/executor.h"
#include "engine/record_book.h"
#include "engine/request.h"
#include "engine/sequence.h"
#include "engine/tenants.h"
#include "engine/wait_forecast.h"
#include "memory/kv_memory.h"
#include "sched/scheduler.h"

namespace loci {

struct EngineLimits {
  int max_model_len;
  StepLimits step;
  int kv_blocks;
  int block_tokens;
  bool causal = true;                 // false: a sequence is computed in one step
  bool generates = true;              // false: the model has embeddings only
  int host_blocks = 0;                // of the host tier
  double swap_seconds_per_block = 0;  // that copying a block to the host tier or back is expected to take
  bool share_prefixes = true;
  std::size_t kept_kv_events = 0;
};

/// What is to be done, for who shares work out among engines.
struct EngineLoad {
  int running = 0, waiting = 0;  // sequences
  double prefill_tokens = 0;     // of prompts, still to compute
  double output_tokens = 0;      // expected still to come
  double kv_tokens = 0;          // positions that running sequences hold
  int head_blocks = 0;           // that the first of those who wait will need for its prompt
};

/// A sequence and whose it is.
struct SequenceOfRequest {
  RequestId request;
  SequenceView view;
};

struct EngineCounters {
  std::uint64_t steps = 0, preemptions = 0, swaps = 0, prompt_tokens = 0, generation_tokens = 0;
  std::uint64_t computed_tokens = 0;    // rows of all steps
  std::uint64_t recomputed_tokens = 0;  // of them, those whose KV had been lost by preemption
  std::uint64_t forks = 0;              // choices and beams that began from the KV of another
  std::uint64_t stalled_steps = 0;      // in which a running sequence got no tokens for want of blocks
  std::uint64_t short_plans = 0;   // slices without room although nobody was preempted: a planner's mistake
  std::uint64_t failed_steps = 0;  // that the executor could not compute
  std::uint64_t plan_hash = 0;     // of all plans so far: equal runs decide equally
};

/// What can be said against a request before it is accepted; kInvalidArgument with the API's field name and
/// both numbers.
Result<> validate(const Request& request, const EngineLimits& limits, int vocab_size);

/// What a choice says next, where that is known beforehand.
struct GivenToken {
  TokenId token;
  bool ends;  // with this token the choice is over
};

class Engine {
 public:
  struct Parts {
    const Tokenizer& tokenizer;
    std::vector<TokenId> end_tokens;
    Executor& executor;
    EngineLimits limits;
    SchedulingPolicies policies{};
    SchedulingGoals goals{};
    EvictFunction evict = evict_lru;
    std::vector<TenantShare> tenants{};
    /// Told how long the step that begins now is predicted to take, in seconds.
    std::function<void(double)> before_run{};
    /// For replays: asked instead of the sampler.
    std::function<GivenToken(RequestId, int choice)> given_token{};
  };
  explicit Engine(Parts parts);
  ~Engine();

  /// Takes a request that validate() has passed.
  void accept(RequestId id, Request request, EventSink sink, Time now);
  /// Ends the request with FinishReason::kAbort; unknown ids are ignored.
  void cancel(RequestId id, Time now);
  void cancel_all(Time now);

  /// One step. Does nothing when idle.
  void step(Time now);

  /// Hands out the events of the steps and cancellations since the last call, in order, stamped with `now`.
  /// What has ended holds nothing any more when its last event leaves.
  void deliver(Time now);

  bool idle() const { return requests_.empty(); }
  /// Until when there is nothing to do although requests wait: for company, to be computed together.
  std::optional<Time> resting_until() const { return resting_until_; }
  int requests() const { return static_cast<int>(requests_.size()); }
  int running() const { return static_cast<int>(running_.size()); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  const BlockPool& blocks() const { return memory_.pool(); }
  const KvMemory& memory() const { return memory_; }
  KvMemory& memory() { return memory_; }
  const EngineCounters& counters() const { return counters_; }
  const CostModel& cost() const { return cost_; }
  const Tenants& tenants() const { return tenants_; }
  /// Tokens that a choice generates, as those went that came to their end; 0: not known yet.
  double expected_output() const { return mean_output_; }
  EngineLoad load() const;
  /// All sequences, those that run first. Of single-choice requests, one each.
  void list_sequences(std::vector<SequenceOfRequest>& out) const;
  /// Writes over `out`, and allocates nothing while there are as many tenants and slots.
  void foresee(WaitForecast& out) const;
  /// Accounts of the requests of this name: those that run, and the last ones that ended.
  std::vector<RequestRecord> records(std::string_view name, Time now) const;

  /// The leading blocks of `tokens` that lie in the fast tier, for who moves them to another engine.
  std::vector<BlockId> find_prefix(CacheNamespace owner, std::span<const TokenId> tokens) const;
  /// A block that is to be filled with the KV of tokens [index * block_tokens, (index + 1) * block_tokens).
  struct ImportedBlock {
    int index;
    BlockId block;
  };
  /// Makes room for the KV of whole blocks of `tokens` that comes from elsewhere, as far as there is room,
  /// and makes it known to the prefix index. The caller fills the blocks before the next step. Between steps.
  std::vector<ImportedBlock> import_prefix(CacheNamespace owner, std::span<const TokenId> tokens, Time now);

  /// Aborts if what is held and what is counted as held differ (third law). O(blocks).
  void check_conservation() const;
  /// The same, but what differs is returned.
  std::optional<std::string> find_fault() const {
    return failed_check_in([this] { check_conservation(); });
  }

 private:
  using SequenceList = std::vector<std::unique_ptr<Sequence>>;

  // The step, in its order (engine.cc).
  void make_plan(Time now);
  void apply_preempts(Time now);
  void start_waiting(Time now);
  void lease_slices(Time now);
  void make_copies(Time now);
  void rank_by_blocks();
  void sort_slices_by_blocks();
  Batch build_batch();
  void collect(const StepResult& result, Time now);
  void fail_step(const std::string& why);
  void retire_finished(Time now);
  void sort_running();

  // What policies see (engine_views.cc).
  SequenceView view_of(const Sequence& sequence) const;
  std::uint64_t prefix_to_come(const Sequence& sequence) const;
  void look_up(Sequence& sequence);
  void count_shared(Sequence& sequence) const;
  void build_views();
  void account_phases(Time now);
  void observe_step(Time now);
  void observe_end(const ActiveRequest& request);

  void count_steps_left(std::vector<double>& steps) const;  // engine_wait.cc

  // KV of a sequence (engine_memory.cc).
  void begin_prefix(Sequence& sequence, int cached_tokens, Time now);
  void reserve(Sequence& sequence) const;
  void seal(Sequence& sequence, Time now);
  void retain(Sequence& sequence, int block, Time now);
  void withdraw(Sequence& sequence);
  void release(Sequence& sequence, Time now);
  void drop_damaged(BlockId block, Time now);
  void fork_siblings(Sequence& leader, std::span<const float> logits);

  // Beam search (engine_beams.cc).
  std::unique_ptr<BeamGroup> make_beams(const Request& request) const;
  void expand_beam(Sequence& beam, std::span<const float> logits);
  void advance_searches(Time now);
  void advance_search(ActiveRequest& request, Time now);
  Sequence& fork_beam(Sequence& parent);
  void finish_search(ActiveRequest& request);
  void end_search(ActiveRequest& request, FinishReason reason, const std::string& error);
  void drop(Sequence& sequence);

  /// The first unread row of each kind of result.
  struct ResultRows {
    int logits = 0, states = 0;
  };
  void take_logits(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows);
  void take_states(Sequence& sequence, const Slice& slice, const StepResult& result, ResultRows& rows);

  // What comes out of it (engine_output.cc).
  void take_prompt_logprobs(Sequence& sequence, std::span<const float> logits);
  void take_token(Sequence& sequence, std::span<const float> logits);
  void take_embedding(Sequence& sequence);
  TokenId choose_token(const Sequence& sequence, std::span<const float> logits);
  bool is_end_token(const Request& request, TokenId token) const;
  void add_text(Sequence& sequence, TokenId token, Event& event) const;
  Event& next_event(Sequence& sequence);
  void complete(Sequence& sequence, Event& event);
  void post(ActiveRequest& request, Event&& event);
  static void add_totals(ActiveRequest& request, Event& event);
  void finish_without_token(Sequence& sequence, FinishReason reason, std::string error);

  Parts parts_;
  KvMemory memory_;
  CostModel cost_;
  Tenants tenants_;
  std::unordered_map<RequestId, std::unique_ptr<ActiveRequest>> requests_;
  SequenceList running_;  // hold KV; ordered by arrival, then id
  SequenceList waiting_;
  std::unordered_map<SequenceId, Sequence*> sequences_;  // looked up, never walked
  std::vector<SequenceId> finished_;                     // in this step
  struct Outgoing {
    ActiveRequest* to;
    Event event{};
  };
  std::vector<Outgoing> outbox_;                       // not yet delivered
  std::vector<std::unique_ptr<ActiveRequest>> ended_;  // whose last event is in the outbox
  std::uint64_t next_sequence_ = 0;
  EngineCounters counters_;
  RecordBook records_;
  SampleScratch scratch_;
  double mean_output_ = 0;  // tokens of those that came to their end, a moving average
  double mean_cached_ = 0;  // part of their prompts that was found in memory, likewise
  int steps_without_progress_ = 0;
  std::optional<Time> resting_until_;

  // Of the current step; kept so that a step allocates nothing.
  Planner planner_;
  std::vector<SequenceView> running_views_, waiting_views_;
  std::vector<std::pair<Sequence*, int>> starting_;  // and its cached tokens
  StepPlan plan_;
  struct SequenceSlice {
    Sequence* sequence = nullptr;
    Slice slice{};
  };
  std::vector<Sequence*> sharing_;  // in the order of their tables
  std::uint64_t ranked_ = 0;        // KvMemory::sharing() when they were ordered
  std::vector<SequenceSlice> ordered_slices_;
  std::vector<SequenceSlice> slices_;  // of the plan, without those that find no room after all
  StepWork work_;
  Time step_began_{};
  std::vector<ActiveRequest*> expanded_;  // searches whose beams all wait: they take a step
  std::vector<int> damaged_;
  std::vector<TokenId> batch_tokens_;
  std::vector<int> batch_positions_, batch_sequences_, batch_logits_rows_, batch_state_rows_;
  std::vector<const std::uint32_t*> batch_tables_;
};

}  // namespace loci
