#include "sim/replica.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace loci::sim {
namespace {

/// A turn that computes nothing takes this long, so that virtual time goes on.
constexpr Duration kIdleTurn = std::chrono::microseconds(10);

}  // namespace

std::uint64_t KvPayload::checksum_of(const KvPayload& payload) {
  std::uint64_t sum = bench::mix({payload.tokens.size(), payload.states.size()});
  for (const TokenId token : payload.tokens) sum = bench::mix({sum, static_cast<std::uint64_t>(token)});
  for (const TokenOracle::State state : payload.states) sum = bench::mix({sum, state});
  return sum;
}

Replica::Replica(const ReplicaOptions& options, EventQueue& queue)
    : options_(options), queue_(queue), gate_(options.queue) {
  start();
}

void Replica::start() {
  const EngineLimits& limits = options_.limits;
  executor_ = std::make_unique<SimulatedExecutor>(
      SimulatedExecutor::Options{.curve = options_.curve,
                                 .blocks = limits.kv_blocks,
                                 .host_blocks = limits.host_blocks,
                                 .block_tokens = limits.block_tokens,
                                 .vocab = tokenizer_.vocab_size(),
                                 .seed = bench::mix({options_.seed, life_})});
  executor_->slowdown = slowdown_;
  executor_->damage_share = damage_share_;
  executor_->copy_slowdown = copy_slowdown_;
  engine_ = std::make_unique<Engine>(Engine::Parts{.tokenizer = tokenizer_,
                                                   .end_tokens = {*tokenizer_.eos()},
                                                   .executor = *executor_,
                                                   .limits = limits,
                                                   .policies = options_.policies,
                                                   .goals = options_.goals,
                                                   .evict = options_.evict,
                                                   .tenants = options_.tenants});
}

Result<> Replica::submit(RequestId id, Request request, EventSink sink, std::optional<KvPayload> kv) {
  if (!up()) return fail(ErrorCode::kUnavailable, "the server is down");
  LOCI_TRY_VOID(validate(request, options_.limits, tokenizer_.vocab_size()));
  LOCI_TRY_VOID(gate_.enter(request));
  auto counting = [this, life = life_, tenant = request.tenant, sink = std::move(sink)](Event&& event) {
    if (event.last && life == life_) gate_.leave(tenant);
    sink(std::move(event));
  };
  commands_.push_back(SubmitCommand{id, std::move(request), std::move(counting), now(), std::move(kv)});
  wake(queue_.now());
  return {};
}

void Replica::cancel(RequestId id) {
  if (!up()) return;
  commands_.push_back(CancelCommand{id});
  wake(queue_.now());
}

void Replica::wake(Time at) {
  if (stepping_ || (next_turn_ && *next_turn_ <= at)) return;
  next_turn_ = at;
  queue_.at(at, [this, life = life_, wake = ++wakes_] {
    if (life == life_ && wake == wakes_) turn();
  });
}

void Replica::turn() {
  next_turn_.reset();
  for (Command& command : std::exchange(commands_, {})) apply(command);
  engine_->step(now());
  const double seconds = executor_->take_seconds();
  if (seconds == 0) {
    engine_->deliver(now());
    renew_forecast();
    if (after_step) after_step();
    if (engine_->idle()) {
      if (!commands_.empty()) wake(queue_.now());
    } else {
      wake(engine_->resting_until().value_or(now() + kIdleTurn) - skew_);
    }
    return;
  }
  stepping_ = true;
  busy_seconds_ += seconds;
  kv_seconds_ += seconds * engine_->blocks().used() / engine_->blocks().total();
  queue_.in(to_duration(seconds), [this, life = life_] {
    if (life == life_) finish_step();
  });
}

void Replica::finish_step() {
  stepping_ = false;
  renew_forecast();
  engine_->deliver(now());
  if (after_step) after_step();
  if (!engine_->idle() || !commands_.empty()) wake(queue_.now());
}

void Replica::renew_forecast() {
  gate_.renew([this](WaitForecast& forecast) { engine_->foresee(forecast); });
}

void Replica::apply(Command& command) {
  if (auto* submit = std::get_if<SubmitCommand>(&command)) {
    gate_.taken(submit->request.tenant, arrival_of(submit->request));
    if (submit->kv) put_in_place(*submit->kv, submit->request.cache_namespace);
    engine_->accept(submit->id, std::move(submit->request), std::move(submit->sink), submit->arrival);
  } else {
    engine_->cancel(std::get<CancelCommand>(command).id, now());
  }
}

void Replica::put_in_place(const KvPayload& kv, CacheNamespace owner) {
  if (KvPayload::checksum_of(kv) != kv.checksum) {
    ++damaged_payloads_;
    return;
  }
  const auto width = static_cast<std::size_t>(options_.limits.block_tokens);
  for (const auto& [index, block] : engine_->import_prefix(owner, kv.tokens, now())) {
    const std::size_t first = static_cast<std::size_t>(index) * width;
    executor_->oracle().write(raw(block), std::span(kv.states).subspan(first, width));
  }
}

KvPayload Replica::export_kv(CacheNamespace owner, std::span<const TokenId> tokens) const {
  KvPayload kv;
  if (!up()) return kv;
  const std::vector<BlockId> blocks = engine_->find_prefix(owner, tokens);
  const std::size_t whole = blocks.size() * static_cast<std::size_t>(options_.limits.block_tokens);
  kv.tokens.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(whole));
  for (const BlockId block : blocks) {
    const auto states = executor_->oracle().states(raw(block));
    kv.states.insert(kv.states.end(), states.begin(), states.end());
  }
  kv.checksum = KvPayload::checksum_of(kv);
  return kv;
}

EngineLoad Replica::load() const {
  EngineLoad load = engine_->load();
  for (const Command& command : commands_)
    if (const auto* submit = std::get_if<SubmitCommand>(&command)) {
      load.waiting += submit->request.choices;
      load.prefill_tokens += static_cast<double>(submit->request.prompt.size());
      load.output_tokens += submit->request.max_tokens;
    }
  return load;
}

std::uint64_t Replica::plan_hash() const {
  return up() ? bench::mix({hash_of_past_lives_, engine_->counters().plan_hash}) : hash_of_past_lives_;
}

void Replica::crash() {
  if (!up()) return;
  hash_of_past_lives_ = plan_hash();
  ++life_;
  engine_.reset();
  executor_.reset();
  commands_.clear();
  next_turn_.reset();
  stepping_ = false;
  gate_ = QueueGate(options_.queue);
}

void Replica::restart() {
  if (!up()) start();
}

void Replica::slow_down(double factor) {
  slowdown_ = factor;
  if (up()) executor_->slowdown = factor;
}

void Replica::damage_copies(double share) {
  damage_share_ = share;
  if (up()) executor_->damage_share = share;
}

void Replica::slow_copies(double factor) {
  copy_slowdown_ = factor;
  if (up()) executor_->copy_slowdown = factor;
}

}  // namespace loci::sim
