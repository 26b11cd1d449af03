// One server of a simulated fleet: the engine that ships, on a simulated executor, turned as the live loop
// turns it (engine/live_engine.cc): take what has come, step, wait for the step's time, deliver.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "engine/queue_gate.h"
#include "sim/event_queue.h"
#include "sim/simulated_executor.h"
#include "text/letter_tokenizer.h"

namespace loci::sim {

struct ReplicaOptions {
  EngineLimits limits;
  SchedulingPolicies policies{};
  SchedulingGoals goals{};
  EvictFunction evict = evict_lru;
  std::vector<TenantShare> tenants{};
  QueueLimit queue{};
  StepCurve curve;
  double kv_bytes_per_token = 0;
  std::uint64_t seed = 0;
};

/// KV of the leading blocks of some tokens, on its way to another replica, with what proves it whole (fourth
/// law).
struct KvPayload {
  std::vector<TokenId> tokens;  // whole blocks of them
  std::vector<TokenOracle::State> states;
  std::uint64_t checksum = 0;
  static std::uint64_t checksum_of(const KvPayload& payload);
};

class Replica {
 public:
  Replica(const ReplicaOptions& options, EventQueue& queue);

  bool up() const { return engine_ != nullptr; }
  /// As LiveEngine::submit. `kv`, of leading tokens of the prompt, is put in place before. A payload whose
  /// checksum is wrong is a miss.
  Result<> submit(RequestId id, Request request, EventSink sink, std::optional<KvPayload> kv = {});
  void cancel(RequestId id);
  /// What is cached of the whole blocks of `tokens`.
  KvPayload export_kv(CacheNamespace owner, std::span<const TokenId> tokens) const;

  /// Loses all it holds; nobody is told. restart() begins with nothing.
  void crash();
  void restart();
  /// The time of all that it does is multiplied by this.
  void slow_down(double factor);
  void damage_copies(double share);
  void slow_copies(double factor);
  /// Its clock is so much ahead of the others'.
  void skew_clock(Duration ahead) { skew_ = ahead; }

  /// Between its steps only.
  const Engine& engine() const { return *engine_; }
  const ReplicaOptions& options() const { return options_; }
  int pending() const { return static_cast<int>(gate_.pending()); }
  /// With what has been submitted and not yet been taken.
  EngineLoad load() const;
  double busy_seconds() const { return busy_seconds_; }
  /// Mean share of KV blocks that somebody held while it was busy.
  double kv_use() const { return busy_seconds_ > 0 ? kv_seconds_ / busy_seconds_ : 0; }
  std::uint64_t damaged_payloads() const { return damaged_payloads_; }
  std::uint64_t plan_hash() const;

  /// Called when a step has been delivered.
  std::function<void()> after_step;

 private:
  struct SubmitCommand {
    RequestId id;
    Request request;
    EventSink sink;
    Time arrival;
    std::optional<KvPayload> kv;
  };
  struct CancelCommand {
    RequestId id;
  };
  using Command = std::variant<SubmitCommand, CancelCommand>;

  void start();
  Time now() const { return queue_.now() + skew_; }  // by its own clock
  void wake(Time at);
  void turn();
  void apply(Command& command);
  void put_in_place(const KvPayload& kv, CacheNamespace owner);
  void finish_step();
  void renew_forecast();

  ReplicaOptions options_;
  EventQueue& queue_;
  LetterTokenizer tokenizer_;
  std::unique_ptr<SimulatedExecutor> executor_;
  std::unique_ptr<Engine> engine_;
  std::vector<Command> commands_;
  QueueGate gate_;
  std::uint64_t life_ = 0;   // rises with each crash: what was planned before it does not happen
  std::uint64_t wakes_ = 0;  // rises with each planned turn: only the last one counts
  std::optional<Time> next_turn_;
  std::uint64_t hash_of_past_lives_ = 0, damaged_payloads_ = 0;
  bool stepping_ = false;
  double busy_seconds_ = 0, kv_seconds_ = 0, slowdown_ = 1, damage_share_ = 0, copy_slowdown_ = 1;
  Duration skew_{};
};

}  // namespace loci::sim
