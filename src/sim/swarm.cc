#include "sim/swarm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "sched/policies.h"

namespace loci::sim {
namespace {

constexpr std::uint64_t kSwarm = 0x737761726D;
constexpr int kRequests = 60;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : draws_(bench::mix({kSwarm, seed})) {}
  bool one_in(int n) { return draws_.between(1, n) == 1; }
  int between(int low, int high) { return draws_.between(low, high); }
  double within(double low, double high) { return low + (high - low) * draws_.uniform(); }
  /// Between them, evenly by the logarithm.
  int spread(int low, int high) {
    return static_cast<int>(std::lround(low * std::pow(double(high) / low, draws_.uniform())));
  }
  template <class Table>
  const auto& of(const Table& table) {
    return table[static_cast<std::size_t>(between(0, static_cast<int>(table.size()) - 1))];
  }

 private:
  bench::Draws draws_;
};

ReplicaOptions random_replica(Dice& dice, int longest) {
  ReplicaOptions replica;
  replica.curve = line({dice.within(1e-3, 20e-3), dice.within(1e-5, 1e-3), 1e-7, 1e-9});
  const int block = dice.spread(1, 64);
  const int fewest = longest / block + 2;  // one request fits
  EngineLimits& limits = replica.limits;
  limits.block_tokens = block;
  limits.kv_blocks = dice.one_in(3) ? fewest : dice.spread(fewest, 40 * fewest);
  limits.max_model_len = limits.kv_blocks * block;
  const int sequences = dice.spread(1, 40);
  limits.step = {sequences, std::max(sequences, dice.spread(4, 600)), sequences};
  limits.share_prefixes = !dice.one_in(4);
  if (dice.one_in(2)) {
    limits.host_blocks = dice.spread(1, 2 * limits.kv_blocks);
    limits.swap_seconds_per_block = dice.within(0, 2e-3);
    replica.curve.per_block_copy = limits.swap_seconds_per_block;
  }
  if (dice.one_in(2)) replica.curve.noise = StepNoise::of_deviation(dice.within(0, 0.5));
  replica.policies = {.order = dice.of(order_policies()).order,
                      .chunk = dice.of(chunk_policies()).budget,
                      .preempt = dice.of(preempt_policies()).victim,
                      .admit = dice.of(admit_policies()).blocks_needed};
  replica.evict = dice.of(evict_policies()).rank;
  replica.goals.preemption = static_cast<PreemptionMode>(dice.between(0, 2));
  replica.goals.inter_token = std::chrono::milliseconds(dice.spread(1, 200));
  if (dice.one_in(3)) replica.queue = {.max_pending = dice.spread(1, 100), .max_delay = dice.within(0, 20)};
  replica.kv_bytes_per_token = 1e5;
  return replica;
}

FleetOptions random_fleet(Dice& dice, int longest) {
  FleetOptions fleet;
  const ReplicaOptions replica = random_replica(dice, longest);
  const int count = dice.between(1, 6);
  const bool roles = count > 1 && replica.limits.share_prefixes && dice.one_in(3);
  for (int i = 0; i < count; ++i) {
    FleetOptions::Member member{replica};
    if (roles) member.role = static_cast<cluster::ReplicaRole>(dice.between(0, 2));
    if (dice.one_in(4)) member.weight = dice.within(0.1, 3);
    fleet.members.push_back(member);
  }
  fleet.router = dice.of(cluster::routers()).name;
  fleet.use_directory = !dice.one_in(4);
  if (fleet.use_directory)
    for (FleetOptions::Member& member : fleet.members)
      member.replica.limits.kept_kv_events = static_cast<std::size_t>(dice.spread(4, 1000));
  if (dice.one_in(2)) fleet.event_delay = std::chrono::milliseconds(dice.spread(1, 2000));
  if (dice.one_in(2)) fleet.rebalance_every = std::chrono::milliseconds(dice.spread(5, 1000));
  fleet.failure_detection = std::chrono::milliseconds(dice.spread(1, 3000));
  fleet.transfer = {.latency = dice.within(0, 0.1), .bytes_per_second = 1e9, .bytes_per_token = 1e5};
  fleet.router_options.ttft_slo = dice.within(0.05, 2);
  fleet.router_options.fetch_prefixes = dice.one_in(2);
  return fleet;
}

void random_workload(Dice& dice, Scenario& scenario) {
  static constexpr std::array<std::string_view, 3> kDatasets{"random", "shared-prefix", "multi-turn"};
  bench::WorkloadOptions& workload = scenario.workload;
  workload.dataset = dice.of(kDatasets);
  workload.input_len = dice.spread(1, 60);
  workload.output_len = dice.spread(1, 30);
  workload.prefix_len = dice.one_in(2) ? dice.spread(1, 80) : 0;
  workload.num_prefixes = dice.between(1, 5);
  workload.turns = dice.between(1, 4);
  workload.think_seconds = dice.within(0, 1);
  workload.range_ratio = dice.within(0, 0.9);
  ClientOptions& clients = scenario.clients;
  clients.requests = kRequests;
  if (dice.one_in(3)) {
    clients.concurrency = dice.spread(1, 30);
  } else {
    clients.arrivals = {.rate = dice.spread(1, 200) * 1.0, .burstiness = dice.within(0.1, 2)};
  }
  clients.tenants = static_cast<std::uint64_t>(dice.between(1, 3));
  if (dice.one_in(3)) clients.cancel_share = dice.within(0, 0.6);
  clients.cancel_after = dice.within(0, 1);
  if (dice.one_in(3)) clients.offline_share = dice.within(0, 1);
  if (dice.one_in(3)) clients.first_token_within = std::chrono::milliseconds(dice.spread(1, 5000));
}

int longest_request(const bench::WorkloadOptions& workload) {
  const int turn = 2 * (*workload.input_len + *workload.output_len);
  return *workload.prefix_len + turn * (workload.dataset == "multi-turn" ? *workload.turns : 1) + 8;
}

}  // namespace

Scenario swarm_scenario(std::uint64_t seed) {
  Dice dice(seed);
  Scenario scenario;
  scenario.name = fmt::format("seed {}", seed);
  random_workload(dice, scenario);
  scenario.fleet = random_fleet(dice, longest_request(scenario.workload));
  const int faults = dice.one_in(3) ? 0 : dice.between(1, 5);
  for (int i = 0; i < faults; ++i)
    scenario.faults.push_back(
        {.kind = std::string(dice.of(fault_kinds()).name),
         .replica = dice.between(0, static_cast<int>(scenario.fleet.members.size()) - 1),
         .at = dice.within(0, 5),
         .lasts = dice.within(0.01, 10)});
  scenario.workload.seed = scenario.clients.seed = scenario.clients.arrivals.seed = scenario.fleet.seed =
      seed;
  for (std::size_t i = 0; i < scenario.fleet.members.size(); ++i)
    scenario.fleet.members[i].replica.seed = bench::mix({seed, i});
  return scenario;
}

std::string describe(const Scenario& scenario) {
  const EngineLimits& limits = scenario.fleet.members.front().replica.limits;
  std::string text = fmt::format("{}: {} replicas behind {}, {} blocks of {}, {}", scenario.name,
                                 scenario.fleet.members.size(), scenario.fleet.router, limits.kv_blocks,
                                 limits.block_tokens, scenario.workload.dataset);
  for (const FaultSpec& fault : scenario.faults)
    text +=
        fmt::format(", {} of {} at {:.2f} for {:.2f} s", fault.kind, fault.replica, fault.at, fault.lasts);
  return text;
}

std::vector<std::string> check_seed(std::uint64_t seed, bool twice) {
  const Scenario scenario = swarm_scenario(seed);
  const auto report = simulate(scenario);
  if (!report) return {describe(scenario) + ": " + report.error().message};
  std::vector<std::string> wrong;
  for (const std::string& fault : report->faults) wrong.push_back(describe(scenario) + ": " + fault);
  const auto& metrics = report->metrics;
  const double ended =
      metrics.at("completed") + metrics.at("refused") + metrics.at("cancelled") + metrics.at("failed");
  if (metrics.at("requests") != ended)
    wrong.push_back(
        fmt::format("{}: {} requests, {} ends", describe(scenario), metrics.at("requests"), ended));
  if (metrics.at("failed") > 0) wrong.push_back(describe(scenario) + ": a request failed");
  if (twice) {
    const auto again = simulate(scenario);
    if (!again || again->state_hash != report->state_hash || again->metrics != metrics)
      wrong.push_back(describe(scenario) + ": two equal runs differ");
  }
  return wrong;
}

}  // namespace loci::sim
