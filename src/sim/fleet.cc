#include "sim/fleet.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace loci::sim {
namespace {

/// A job that finds no place although it has begun asks again after this.
constexpr Duration kRetry = std::chrono::milliseconds(500);
constexpr std::size_t kEventsAtOnce = 1 << 20;
constexpr double kNewest = 0.1;  // weight of the newest in a moving average

}  // namespace

Result<std::unique_ptr<Fleet>> Fleet::create(const FleetOptions& options, EventQueue& queue) {
  if (options.members.empty()) return fail(ErrorCode::kInvalidArgument, "a fleet has at least one replica");
  LOCI_TRY(auto router, cluster::make_router(options.router, options.router_options));
  std::unique_ptr<Fleet> fleet(new Fleet(options, queue, std::move(router)));
  if (options.migration.empty()) return fleet;
  LOCI_TRY(fleet->migration_, cluster::find_migration_policy(options.migration));
  LOCI_TRY_VOID(cluster::validate(options.migration_options));
  return fleet;
}

Fleet::Fleet(const FleetOptions& options, EventQueue& queue, std::unique_ptr<cluster::Router> router)
    : options_(options),
      queue_(queue),
      router_(std::move(router)),
      slots_(options.members.size()),
      views_(options.members.size()),
      draws_(bench::mix({options.seed, 0x666C656574})) {
  for (std::size_t i = 0; i < options.members.size(); ++i) {
    const int index = static_cast<int>(i);
    replicas_.push_back(std::make_unique<Replica>(options.members[i].replica, queue));
    replicas_.back()->after_step = [this, index] { after_step(index); };
  }
}

// ---- What the router sees

void Fleet::refresh_view(int index) {
  Slot& at = slot(index);
  if (!std::exchange(at.stale, false)) return;
  const FleetOptions::Member& member = options_.members[static_cast<std::size_t>(index)];
  const EngineLimits& limits = member.replica.limits;
  cluster::ReplicaView& view = views_[static_cast<std::size_t>(index)];
  view = {.id = index,
          .role = member.role,
          .state = at.state,
          .weight = member.weight,
          .kv_blocks = limits.kv_blocks,
          .block_tokens = limits.block_tokens,
          .chunk_tokens = limits.step.max_tokens,
          .max_sequences = limits.step.max_sequences,
          .recent_tpot = at.recent_tpot};
  if (!is_reachable(index)) return;
  const Replica& here = replica(index);
  const EngineLoad load = here.load();
  view.running = load.running;
  view.waiting = load.waiting;
  view.prefill_tokens = load.prefill_tokens;
  view.output_tokens = load.output_tokens;
  view.kv_tokens = load.kv_tokens;
  view.head_blocks = load.head_blocks;
  view.free_kv_blocks = here.engine().memory().available();
  const Replica& like = replica(like_which(index));
  view.measured = like.engine().cost().observations() > 0;
  view.cost = like.engine().cost().coefficients();
  at.stale = here.engine().cost().observations() == 0;  // others may learn what it does not know yet
}

/// What it has measured itself. One that has measured nothing is taken to be like another, of its role where
/// there is one: by the cost model's defaults, of a slow machine, it would seem slower than any that works,
/// and routers by predicted time would never ask it.
int Fleet::like_which(int index) const {
  const auto role = [&](int i) { return options_.members[static_cast<std::size_t>(i)].role; };
  const auto knows = [&](int i) { return is_reachable(i) && replica(i).engine().cost().observations() > 0; };
  int like = index;
  if (!knows(index))
    for (int other = 0; other < size(); ++other)
      if (knows(other) && (like == index || (role(like) != role(index) && role(other) == role(index))))
        like = other;
  return like;
}

std::span<const cluster::ReplicaView> Fleet::views() {
  for (int i = 0; i < size(); ++i) refresh_view(i);
  return views_;
}

cluster::RouteRequest Fleet::route_request(const Job& job) const {
  return {.keys = job.keys,
          .block_tokens = options_.members.front().replica.limits.block_tokens,
          .prompt_tokens = static_cast<int>(job.request.prompt.size() + job.output.size()),
          .expected_output = static_cast<double>(job.remaining()),
          .session = job.session};
}

/// With a new draw.
cluster::RouteView Fleet::route_view() {
  return {.replicas = views(),
          .directory = options_.use_directory ? &directory_ : nullptr,
          .draw = draws_.uniform(),
          .transfer = options_.transfer};
}

void Fleet::after_step(int index) {
  slot(index).stale = true;
  if (!options_.use_directory || slot(index).cut) return;
  const KvEvents& events = replica(index).engine().memory().events();
  if (!events.enabled() || events.last_number() == directory_.last_event(index)) return;
  if (options_.event_delay == Duration{}) {
    directory_.apply(index, events.after(directory_.last_event(index), kEventsAtOnce));
    return;
  }
  queue_.in(options_.event_delay, [this, index, last = events.last_number()] {
    if (!is_reachable(index)) return;
    auto late = replica(index).engine().memory().events().after(directory_.last_event(index), kEventsAtOnce);
    std::erase_if(late, [last](const KvEvent& event) { return event.number > last; });
    directory_.apply(index, late);
  });
}

// ---- A job's life

void Fleet::submit(JobId id, Request request, std::uint64_t session, JobListener& listener) {
  const EngineLimits& limits = options_.members.front().replica.limits;
  KeyChain chain(request.cache_namespace, limits.block_tokens);
  chain.extend(request.prompt);
  const auto [where, is_new] =
      jobs_.emplace(id.number, Job{.request = std::move(request),
                                   .session = session,
                                   .listener = &listener,
                                   .arrival = queue_.now(),
                                   .keys = {chain.keys().begin(), chain.keys().end()},
                                   .truth = OracleStream(LetterTokenizer::kVocabulary)});
  LOCI_CHECK(is_new);
  Job& job = where->second;
  if (options_.check_tokens)
    for (const TokenId token : job.request.prompt) job.expected = job.truth.push(token);
  if (options_.oracle_cache)  // the last token of a prompt is always computed
    asked_.asked(std::span(job.keys).first((job.request.prompt.size() - 1) /
                                           static_cast<std::size_t>(limits.block_tokens)));
  place(id, job);
  plan_rebalance();
}

void Fleet::place(JobId id, Job& job) {
  const auto decision = router_->route(route_request(job), route_view(), queue_.now());
  if (!decision) {
    const bool comes_back = job.moves > 0 && decision.error() == cluster::NoRoute::kNoReplica;
    return comes_back ? place_later(id, job) : end(id, job, JobEnd::kRefused);
  }
  const bool splits = decision->decode != decision->prefill && job.remaining() > 1;
  job.decode_on = splits ? decision->decode : -1;
  const int max_tokens = splits ? 1 : job.remaining();
  const int source = decision->fetch_from;
  if (source >= 0 && source != decision->prefill && is_reachable(source))
    return fetch(id, job, *decision, max_tokens);
  send(id, job, decision->prefill, max_tokens, {});
}

void Fleet::place_later(JobId id, Job& job) {
  later(queue_.now() + kRetry, id, job, [this, id](Job& waiting) { place(id, waiting); });
}

void Fleet::send(JobId id, Job& job, int to, int max_tokens, std::optional<KvPayload> kv) {
  Request request = job.request;
  request.prompt = job.known_tokens();
  request.max_tokens = max_tokens;
  job.replica = to;
  job.id = RequestId{next_request_++};
  const std::uint64_t stay = ++job.stay;
  if (!is_reachable(to)) {  // nobody has told yet that it is gone
    slot(to).state = cluster::ReplicaState::kDown;
    slot(to).stale = true;
    job.replica = -1;
    ++job.moves;
    return place_later(id, job);
  }
  job_of_[job.id] = id;
  slot(to).stale = true;
  const auto accepted = replica(to).submit(
      job.id, std::move(request), [this, id, stay](Event&& event) { hear(id, stay, std::move(event)); },
      std::move(kv));
  if (accepted) return;
  job_of_.erase(job.id);
  job.replica = -1;
  if (job.moves > 0 && accepted.error().code == ErrorCode::kResourceExhausted) return place_later(id, job);
  end(id, job, JobEnd::kRefused);
}

void Fleet::hear(JobId id, std::uint64_t stay, Event&& event) {
  const auto where = jobs_.find(id.number);
  if (where == jobs_.end() || where->second.stay != stay) return;  // it has gone elsewhere
  Job& job = where->second;
  if (slot(job.replica).cut) return;
  if (!event.tokens.empty()) hear_tokens(id, job, event);
  if (!event.last) return;
  if (event.finish == FinishReason::kError) return end(id, job, JobEnd::kFailed);
  if (event.finish == FinishReason::kAbort) return end(id, job, JobEnd::kCancelled);
  if (job.remaining() <= 0) return end(id, job, JobEnd::kComplete);
  hand_over(id, job, job.decode_on, 0);
}

void Fleet::hear_tokens(JobId id, Job& job, const Event& event) {
  if (job.moves == 0) job.cached_tokens = event.usage.cached_tokens;
  if (!job.first_token) job.first_token = queue_.now();
  const std::size_t before = job.output.size();
  for (const OutputToken& token : event.tokens) {
    job.output.push_back(token.token);
    if (!options_.check_tokens) continue;
    counters_.wrong_tokens += token.token != job.expected;
    job.expected = job.truth.push(token.token);
  }
  job.listener->on_tokens(id, std::span(job.output).subspan(before), queue_.now());
}

void Fleet::cancel(JobId id) {
  const auto where = jobs_.find(id.number);
  if (where == jobs_.end()) return;
  leave(where->second);
  end(id, where->second, JobEnd::kCancelled);
}

/// The job is nowhere; its replica is told, as soon as it can be.
void Fleet::leave(Job& job) {
  ++job.stay;
  if (job.replica < 0) return;
  Slot& at = slot(job.replica);
  at.stale = true;
  if (at.cut) {
    at.orphans.push_back(job.id);
  } else {
    replica(job.replica).cancel(job.id);
  }
  job_of_.erase(job.id);
  job.replica = -1;
}

void Fleet::end(JobId id, Job& job, JobEnd how) {
  if (job.replica >= 0 && job.first_token && job.output.size() > 1) {
    double& tpot = slot(job.replica).recent_tpot;
    const double here = seconds(queue_.now() - *job.first_token) / static_cast<double>(job.output.size() - 1);
    tpot = tpot == 0 ? here : tpot + kNewest * (here - tpot);
  }
  if (options_.oracle_cache && how == JobEnd::kComplete) {
    KeyChain chain(job.request.cache_namespace, options_.members.front().replica.limits.block_tokens);
    chain.extend(job.known_tokens());
    asked_.computed(chain.keys());
  }
  job_of_.erase(job.id);
  JobListener& listener = *job.listener;
  const int cached_tokens = job.cached_tokens;
  jobs_.erase(id.number);
  listener.on_end(id, how, cached_tokens, queue_.now());
}

// ---- What must hold

double Fleet::oracle_hits() const {
  std::size_t blocks = 0;
  for (const FleetOptions::Member& member : options_.members)
    blocks += static_cast<std::size_t>(member.replica.limits.kv_blocks);
  const int width = options_.members.front().replica.limits.block_tokens;
  return static_cast<double>(asked_.hits(blocks)) * width;
}

std::uint64_t Fleet::state_hash() const {
  std::uint64_t hash =
      bench::mix({counters_.handovers, counters_.moves, counters_.migrations, counters_.failovers});
  for (const auto& replica : replicas_) hash = bench::mix({hash, replica->plan_hash()});
  return hash;
}

std::vector<std::string> Fleet::find_faults() const {
  std::vector<std::string> faults;
  if (counters_.wrong_tokens > 0)
    faults.push_back(fmt::format("{} tokens differ from those without scheduling", counters_.wrong_tokens));
  if (!jobs_.empty()) faults.push_back(fmt::format("{} jobs never ended", jobs_.size()));
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    if (!replicas_[i]->up()) continue;
    const Engine& engine = replicas_[i]->engine();
    if (!engine.idle())
      faults.push_back(fmt::format("replica {} has {} requests left", i, engine.requests()));
    if (engine.idle() && engine.blocks().used() > 0)
      faults.push_back(fmt::format("replica {} holds {} blocks although idle", i, engine.blocks().used()));
    if (const auto fault = engine.find_fault()) faults.push_back(fmt::format("replica {}: {}", i, *fault));
  }
  return faults;
}

}  // namespace loci::sim
