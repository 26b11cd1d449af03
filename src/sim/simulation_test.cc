// Whole fleets in virtual time: equal scenarios are equal runs, whatever befalls them, and what must hold
// holds.
#include "sim/simulation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario_file.h"

namespace loci::sim {
namespace {

Scenario scenario_of(std::string_view text) {
  const auto file = parse_toml(text, "scenario.toml");
  if (!file) ADD_FAILURE() << file.error().message;
  auto scenario = read_scenario(*file, ".");
  if (!scenario) ADD_FAILURE() << scenario.error().message;
  return scenario.value_or(Scenario{});
}

SimReport run(const Scenario& scenario) {
  auto report = simulate(scenario);
  if (!report) ADD_FAILURE() << report.error().message;
  return report.value_or(SimReport{});
}

constexpr std::string_view kSmall = R"(
seed = 7
[machine]
coefficients = [5e-3, 1e-4, 1e-7, 1e-9]
[engine]
kv_tokens = 20000
max_num_seqs = 16
[fleet]
replicas = 3
[workload]
dataset = "multi-turn"
prefix_len = 200
input_len = 60
output_len = 20
turns = 4
rate = 4
requests = 300
)";

TEST(Simulation, AllThatIsAskedIsAnsweredAndEqualScenariosAreEqualRuns) {
  const SimReport first = run(scenario_of(kSmall)), second = run(scenario_of(kSmall));
  EXPECT_THAT(first.faults, ::testing::IsEmpty());
  EXPECT_EQ(first.metrics.at("completed"), 300);
  EXPECT_EQ(first.metrics.at("output_tokens"), 300 * 20);
  EXPECT_GT(first.metrics.at("hit_ratio"), 0.3);
  EXPECT_EQ(first.state_hash, second.state_hash);
  EXPECT_EQ(first.metrics, second.metrics);
  Scenario other = scenario_of(kSmall);
  other.clients.seed = other.clients.arrivals.seed = other.workload.seed = 8;
  EXPECT_NE(run(other).state_hash, first.state_hash);
}

// Who is accepted is served in time, and as many are as at the peak: that is what the forecast is for.
TEST(Simulation, AtThreeTimesTheCapacityGoodputStays) {
  const auto goodput = [](double rate) {
    Scenario scenario = scenario_of(R"(
seed = 5
[machine]
coefficients = [0.018, 0.0012, 3.0e-7, 2.0e-8]
[engine]
kv_tokens = 65536
max_num_seqs = 32
max_queue_delay = 2
[workload]
dataset = "random"
input_len = 116
output_len = 32
rate = 5
requests = 500
ttft_ms = 3000
tpot_ms = 250
)");
    scenario.clients.arrivals.rate = rate;
    return run(scenario).metrics;
  };
  const auto peak = goodput(5), overload = goodput(15);
  EXPECT_GE(overload.at("goodput"), 0.95 * peak.at("goodput"));
  EXPECT_GT(overload.at("refused"), 250) << "of 500";
  EXPECT_EQ(overload.at("goodput"), overload.at("requests_per_second")) << "nobody waits in vain";
}

// Prefixes that do not all fit: a cache that knew the future would find more, but not less.
TEST(Simulation, TheOracleFindsAtLeastAsMuchAsTheCache) {
  Scenario scenario = scenario_of(kSmall);
  scenario.fleet.oracle_cache = true;
  const SimReport ample = run(scenario);
  EXPECT_GE(ample.metrics.at("oracle_hit_ratio"), ample.metrics.at("hit_ratio"));
  for (FleetOptions::Member& member : scenario.fleet.members) member.replica.limits.kv_blocks = 60, member.replica.limits.max_model_len = 960;
  const SimReport tight = run(scenario);
  EXPECT_LT(tight.metrics.at("oracle_hit_ratio"), ample.metrics.at("oracle_hit_ratio"));
  EXPECT_GE(tight.metrics.at("oracle_hit_ratio"), tight.metrics.at("hit_ratio"));
}

TEST(Simulation, OneStreamTakesWhatTheCurveSays) {
  Scenario scenario = scenario_of(R"(
[machine]
coefficients = [0.01, 0.001, 0, 0]
[workload]
input_len = 100
output_len = 11
concurrency = 1
requests = 5
)");
  const SimReport report = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_NEAR(report.metrics.at("tpot.p50"), 0.011, 1e-4);
  EXPECT_NEAR(report.metrics.at("ttft.p50"), 0.110, 1e-3);
  EXPECT_NEAR(report.metrics.at("duration"), 5 * (0.110 + 10 * 0.011), 0.01);
}

TEST(Simulation, ClosedLoopKeepsSoManyAtWork) {
  Scenario scenario = scenario_of(kSmall);
  scenario.clients.arrivals.rate = bench::kAllAtOnce;
  scenario.clients.concurrency = 6;
  const SimReport report = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 300);
}

TEST(Simulation, PrefillHandsItsKvToDecode) {
  Scenario scenario = scenario_of(std::string(kSmall) + "");
  scenario.fleet.members[0].role = cluster::ReplicaRole::kPrefill;
  scenario.fleet.members[1].role = scenario.fleet.members[2].role = cluster::ReplicaRole::kDecode;
  scenario.fleet.transfer = {.latency = 1e-3, .bytes_per_second = 1e9, .bytes_per_token = 1e5};
  const SimReport report = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 300);
  EXPECT_EQ(report.metrics.at("handovers"), 300);
  EXPECT_GT(report.metrics.at("moved_bytes"), 0);
  // Computed beside the prompts' own tokens: a decode replica computes a tail of less than a block again.
  const double outputs = report.metrics.at("output_tokens");
  const double uncached = report.metrics.at("input_tokens") * (1 - report.metrics.at("hit_ratio"));
  EXPECT_LT(report.metrics.at("computed_tokens"), uncached + outputs + 300 * 16);
}

TEST(Simulation, ADrainingReplicaEmptiesByMigration) {
  Scenario scenario = scenario_of(std::string(kSmall) + R"(
[[fault]]
kind = "drain"
replica = 1
at = 5
lasts = 1000
)");
  scenario.workload.output_len = 400;
  scenario.fleet.transfer = {.latency = 1e-3, .bytes_per_second = 1e9, .bytes_per_token = 1e5};
  scenario.fleet.rebalance_every = std::chrono::milliseconds(50);
  scenario.fleet.migration = "llumnix";
  const SimReport report = run(scenario), again = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 300);
  EXPECT_GE(report.metrics.at("migrations"), 3);
  EXPECT_EQ(report.metrics.at("handovers"), report.metrics.at("migrations"));
  EXPECT_EQ(report.state_hash, again.state_hash);
}

TEST(Simulation, DecodesFlowToWhereThereIsMemoryAndBack) {
  const std::string text = R"(
[machine]
coefficients = [5e-3, 1e-4, 1e-7, 1e-9]
[engine]
kv_tokens = 8000
max_num_seqs = 32
[fleet]
prefill = 1
decode = 1
rebalance_ms = 20
migration = {policy = "flowing-decode", tpot_ms = 20, memory_watermark = 0.6}
[workload]
input_len = 200
output_len = 300
rate = 5
requests = 200
)";
  const SimReport report = run(scenario_of(text));
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 200);
  EXPECT_GT(report.metrics.at("migrations"), 5);
}

TEST(Simulation, WhatIsBrokenOnTheWayIsComputedAgain) {
  Scenario scenario = scenario_of(kSmall);
  scenario.fleet.members[0].role = cluster::ReplicaRole::kPrefill;
  scenario.fleet.members[1].role = scenario.fleet.members[2].role = cluster::ReplicaRole::kDecode;
  scenario.faults.push_back({.kind = "corrupt-transfers", .at = 0, .lasts = 1000, .amount = 0.5});
  const SimReport report = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 300);
  EXPECT_GT(report.metrics.at("damaged_payloads"), 100);
}

TEST(Simulation, ACrashLosesNoRequestAndChangesNoToken) {
  Scenario scenario = scenario_of(kSmall);
  scenario.workload.output_len = 300;
  scenario.faults.push_back({.kind = "crash", .replica = 1, .at = 5, .lasts = 10});
  scenario.faults.push_back({.kind = "partition", .replica = 2, .at = 8, .lasts = 4});
  const SimReport report = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 300);
  EXPECT_GT(report.metrics.at("failovers"), 0);
}

TEST(Simulation, ReplicasThatHaveMeasuredNothingAreAskedToo) {
  for (const char* router : {"predicted-finish", "token-aware"}) {
    Scenario scenario = scenario_of(kSmall);
    scenario.fleet.router = router;
    for (FleetOptions::Member& member : scenario.fleet.members) member.replica.limits.share_prefixes = false;
    const SimReport report = run(scenario);  // of machines that are faster than the cost model's defaults
    EXPECT_LT(report.metrics.at("imbalance"), 1.5) << router;
  }
}

class EveryFault : public ::testing::TestWithParam<std::string_view> {};

TEST_P(EveryFault, EndsAndTheFleetDrains) {
  Scenario scenario = scenario_of(kSmall);
  for (FleetOptions::Member& member : scenario.fleet.members) {
    member.replica.limits.host_blocks = 200;
    member.replica.limits.kv_blocks = 120;
    member.replica.limits.swap_seconds_per_block = 1e-4;
    member.replica.curve.per_block_copy = 1e-4;
  }
  scenario.faults.push_back({.kind = std::string(GetParam()), .replica = 1, .at = 3, .lasts = 20});
  const SimReport first = run(scenario), second = run(scenario);
  EXPECT_THAT(first.faults, ::testing::IsEmpty());
  EXPECT_EQ(first.metrics.at("completed") + first.metrics.at("cancelled") + first.metrics.at("refused"), 300);
  EXPECT_EQ(first.state_hash, second.state_hash);
}

std::vector<std::string_view> fault_names() {
  std::vector<std::string_view> names;
  for (const FaultKind& kind : fault_kinds()) names.push_back(kind.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Sim, EveryFault, ::testing::ValuesIn(fault_names()), [](const auto& test) {
  std::string name(test.param);
  std::erase(name, '-');
  return name;
});

TEST(Simulation, ClientsThatGoAwayLeaveNothingBehind) {
  Scenario scenario = scenario_of(kSmall);
  scenario.clients.cancel_share = 0.4;
  scenario.clients.cancel_after = 0.1;
  const SimReport report = run(scenario);
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_GT(report.metrics.at("cancelled"), 20);
}

// The conductor of Mooncake pulls the prefix that another replica has, where that is quicker than to compute
// it.
TEST(Simulation, PrefixesArePulledFromWhoHasThem) {
  const auto of = [](std::string_view fetch) {
    return run(scenario_of(fmt::format(R"(
[machine]
hardware = "l40s"
model = "llama-8b"
[fleet]
replicas = 4
router = "conductor"
router_options = {{fetch_prefixes = {}, balancing = 1.1}}
[workload]
dataset = "shared-prefix"
prefix_len = 4000
num_prefixes = 3
input_len = 30
output_len = 8
rate = 20
requests = 120
)",
                                       fetch)));
  };
  const SimReport pulled = of("true"), computed = of("false");
  EXPECT_THAT(pulled.faults, ::testing::IsEmpty());
  EXPECT_THAT(computed.faults, ::testing::IsEmpty());
  EXPECT_GT(pulled.metrics.at("fetches"), 0);
  EXPECT_EQ(computed.metrics.at("fetches"), 0);
  EXPECT_GT(pulled.metrics.at("hit_ratio"), computed.metrics.at("hit_ratio"));
}

// Before the first step the cost model's defaults, of a slow machine, predict every limit to be broken.
TEST(Simulation, NobodyIsRefusedForWhatWasNeverMeasured) {
  const SimReport report = run(scenario_of(R"(
[machine]
hardware = "h100"
model = "llama-8b"
[fleet]
prefill = 2
decode = 2
router = "conductor"
router_options = {ttft_ms = 1000, tpot_ms = 50}
[workload]
input_len = 3000
output_len = 8
rate = 5
requests = 20
)"));
  EXPECT_THAT(report.faults, ::testing::IsEmpty());
  EXPECT_EQ(report.metrics.at("completed"), 20);
}

// Two tenants send as many requests, one of them of fifteen times the size, and more than can be served.
TEST(Simulation, WhatACheckForbidsIsAFault) {
  const auto of = [](std::string_view order, std::string_view checks) {
    return run(scenario_of(fmt::format(R"(
[machine]
coefficients = [5e-3, 1e-4, 1e-7, 1e-9]
[engine]
kv_tokens = 400000
max_num_seqs = 8
max_queue_delay = 0
scheduling_policy = "{}"
[workload]
dataset = "mixed"
mix = "random:1,long-context:1"
tenants = 2
tenant_by_part = true
rate = 20
requests = 120
[checks]
{}
)",
                                       order, checks)));
  };
  const SimReport fair = of("fair", "fairness = 0.9"), fcfs = of("fcfs", "fairness = 0.9");
  EXPECT_THAT(fair.faults, ::testing::IsEmpty());
  ASSERT_EQ(fcfs.faults.size(), 1u) << fcfs.metrics.at("fairness");
  EXPECT_THAT(fcfs.faults.front(), ::testing::HasSubstr("fairness among tenants is 0."));
  EXPECT_THAT(of("fcfs", "longest_wait_ms = 1").faults,
              ::testing::ElementsAre(::testing::HasSubstr("longest wait")));
  EXPECT_THAT(of("fcfs", "longest_wait_ms = 1e9").faults, ::testing::IsEmpty());
}

}  // namespace
}  // namespace loci::sim
