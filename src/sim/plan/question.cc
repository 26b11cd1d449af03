#include "sim/plan/question.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "engine/engine_parts.h"

namespace loci::sim {
namespace {

constexpr int kMaxSequences = 256;
constexpr int kBlock = 32;           // tokens
constexpr double kMostKv = 1 << 21;  // tokens of a replica that are simulated: no run of a plan fills them
constexpr int kMostContext = 131072;
constexpr std::uint64_t kLeastRequests = 1000, kMostRequests = 8000;
constexpr double kRunSeconds = 60;  // overload of 2 % makes queues of a second in as much

std::optional<double> number_before(std::string_view& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || !(number > 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

struct Unit {
  std::string_view name;
  double worth;
};

std::optional<double> in_units(std::string_view text, std::span<const Unit> units) {
  const auto number = number_before(text);
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (!number || unit == units.end()) return std::nullopt;
  return *number * unit->worth;
}

/// Seconds behind the last arrival in which a request could still end in time.
double patience(const bench::Slo& slo, const Load& load) {
  constexpr double kWithoutLimits = 3600;
  const bool bounded = slo.e2el || (slo.ttft && slo.tpot);
  if (!bounded) return kWithoutLimits;
  const double each = slo.e2el.value_or(slo.ttft.value_or(0) + slo.tpot.value_or(0) * load.most_output);
  return each * load.most_turns + load.longest_session + 1;
}

ReplicaOptions replica_of(const Question& question, const Arrangement& arrangement, double kv_tokens,
                          const ConfiguredPolicies& chosen) {
  const Placement placement{arrangement.layout.hardware, question.model, arrangement.layout.machines};
  ReplicaOptions options{.limits = {.max_model_len = kMostContext,
                                    .step = {kMaxSequences, kMaxSequences, kMaxSequences},
                                    .kv_blocks = static_cast<int>(std::min(kv_tokens, kMostKv) / kBlock),
                                    .block_tokens = kBlock},
                         .policies = chosen.policies,
                         .goals = chosen.goals,
                         .evict = chosen.evict,
                         .curve = profile(placement),
                         .kv_bytes_per_token = question.model->kv_bytes_per_token()};
  options.limits.max_model_len = std::min(kMostContext, options.limits.kv_blocks * kBlock);
  options.limits.kept_kv_events = 1 << 13;
  return options;
}

}  // namespace

Result<double> parse_rate(std::string_view text) {
  static constexpr std::array kUnits{Unit{"", 1}, Unit{"/s", 1}, Unit{"/min", 1.0 / 60},
                                     Unit{"/h", 1.0 / 3600}};
  if (const auto rate = in_units(text, kUnits); rate && *rate >= 1e-6 && *rate <= 1e6) return *rate;
  return fail(ErrorCode::kInvalidArgument, "--rate: '{}' is no rate such as 20/s, 90/min or 5000/h", text);
}

Result<bench::Slo> parse_limits(std::string_view text) {
  static constexpr std::array kUnits{Unit{"ms", 1e-3}, Unit{"s", 1}, Unit{"min", 60}};
  bench::Slo slo;
  while (true) {
    const std::string_view item = text.substr(0, text.find(','));
    const std::size_t colon = std::min(item.find(':'), item.size());
    const std::string_view name = item.substr(0, colon);
    std::optional<double>* const field = name == "ttft"   ? &slo.ttft
                                         : name == "tpot" ? &slo.tpot
                                         : name == "e2el" ? &slo.e2el
                                                          : nullptr;
    if (field == nullptr)
      return fail(ErrorCode::kInvalidArgument, "--slo: '{}' is none of ttft:TIME, tpot:TIME, e2el:TIME",
                  item);
    const auto limit = in_units(item.substr(std::min(colon + 1, item.size())), kUnits);
    if (!limit)
      return fail(ErrorCode::kInvalidArgument, "--slo: '{}' has no time such as 500ms, 1.5s or 2min", item);
    if (*field) return fail(ErrorCode::kInvalidArgument, "--slo: '{}' is there twice", name);
    *field = *limit;
    if (item.size() == text.size()) return slo;
    text.remove_prefix(item.size() + 1);
  }
}

std::uint64_t requests_of(const Question& question) {
  if (question.requests > 0) return question.requests;
  const double wanted = question.rate * kRunSeconds * std::max(1.0, question.slo.ttft.value_or(1));
  return static_cast<std::uint64_t>(std::clamp(wanted, double{kLeastRequests}, double{kMostRequests}));
}

Result<Load> measure(const Question& question, std::uint64_t requests) {
  LOCI_TRY(const auto workload, bench::make_workload(question.workload));
  Load load{.timed = workload->timed()};
  if (!load.timed && !(question.rate > 0))
    return fail(ErrorCode::kInvalidArgument, "--rate: the workload '{}' has no times of its own",
                question.workload.dataset);
  bench::Arrivals arrivals({.rate = question.rate, .burstiness = question.burstiness, .seed = question.seed});
  double input = 0, output = 0;
  for (std::size_t i = 0; load.requests < requests; ++i) {
    const auto session = workload->session(i);
    if (!session) break;
    load.seconds = load.timed ? session->at.value_or(0) : arrivals.next();
    double history = 0, thinking = 0;
    for (const bench::Turn& turn : session->turns) {
      if (turn.whole) history = 0;
      history += static_cast<double>(
          std::max<std::int64_t>(bench::planned_tokens(turn.messages), turn.listed_tokens));
      input += history;
      output += turn.output_tokens;
      history += turn.output_tokens;
      thinking += turn.think;
      load.most_output = std::max(load.most_output, turn.output_tokens);
      load.most_tokens = std::max(load.most_tokens, static_cast<int>(history));
      ++load.requests;
    }
    load.longest_session = std::max(load.longest_session, thinking);
    load.most_turns = std::max(load.most_turns, static_cast<int>(session->turns.size()));
  }
  if (load.requests == 0) return fail(ErrorCode::kInvalidArgument, "the workload has no request");
  load.mean_input = input / static_cast<double>(load.requests);
  load.mean_output = output / static_cast<double>(load.requests);
  load.requests = std::min(load.requests, requests);
  return load;
}

Result<Scenario> scenario_of(const Question& question, const Load& load, const Arrangement& arrangement) {
  const Layout& layout = arrangement.layout;
  EngineConfig config;
  if (question.slo.tpot) config.inter_token_ms = 1e3 * *question.slo.tpot;
  LOCI_TRY(const ConfiguredPolicies chosen, configured_policies(config));
  LOCI_TRY(const double kv_tokens, kv_capacity({layout.hardware, question.model, layout.machines}));
  LOCI_TRY(const auto plans, cluster::arrange(arrangement.sliders()));
  Scenario scenario;
  scenario.name = arrangement.text();
  scenario.workload = question.workload;
  scenario.slo = question.slo;
  scenario.workload.seed = question.seed;
  const ReplicaOptions replica = replica_of(question, arrangement, kv_tokens, chosen);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    FleetOptions::Member member{replica, plans[i].role};
    member.replica.limits.step.max_tokens = std::max(kMaxSequences, plans[i].chunk_tokens);
    member.replica.seed = bench::mix({question.seed, i});
    scenario.fleet.members.push_back(std::move(member));
  }
  scenario.fleet.router = layout.router;
  scenario.fleet.router_options.ttft_slo = question.slo.ttft.value_or(0);
  scenario.fleet.router_options.tpot_slo = question.slo.tpot.value_or(0);
  scenario.fleet.transfer = {.latency = 1e-3,
                             .bytes_per_second = layout.hardware->link_bytes_per_second * layout.machines,
                             .bytes_per_token = question.model->kv_bytes_per_token()};
  scenario.fleet.check_tokens = false;  // time is what is asked here; `loci sim` and the tests check them
  scenario.fleet.seed = scenario.clients.seed = question.seed;
  scenario.clients.requests = load.requests;
  scenario.clients.arrivals = {
      .rate = question.rate, .burstiness = question.burstiness, .seed = question.seed};
  scenario.give_up = load.seconds + patience(question.slo, load);
  return scenario;
}

}  // namespace loci::sim
