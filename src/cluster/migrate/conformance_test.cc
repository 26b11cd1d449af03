// What every policy of migration must do, whatever it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <set>

#include "cluster/migrate/migrate.h"
#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

struct World {
  std::vector<ReplicaView> replicas;
  std::vector<RunningRequest> running;
  TransferCost transfer{};
  MigrationView view() const { return {replicas, running, transfer}; }
};

World random_world(unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  World world;
  for (int id = 0, size = 1 + pick(10); id < size; ++id) {
    ReplicaView replica = random_replica(id, random);
    replica.kv_blocks = 1000, replica.running = 0;
    replica.free_kv_blocks = replica.kv_blocks;
    if (pick(3) == 0) replica.free_kv_blocks = pick(60);
    for (int i = 0, here = pick(20); i < here; ++i) {
      const int tokens = 1 + pick(600);
      world.running.push_back({RequestId(world.running.size()), id, tokens, pick(200), 0.001 * pick(60),
                               pick(2) * 0.04, pick(3)});
      replica.free_kv_blocks = std::max(0, replica.free_kv_blocks - (tokens + 15) / 16);
      ++replica.running;
    }
    world.replicas.push_back(replica);
  }
  world.transfer = {.latency = 1e-3, .bytes_per_second = 1e9, .bytes_per_token = 1e5};
  return world;
}

class MigrationConformance : public ::testing::TestWithParam<MigrationPolicy> {};

std::string test_name(const ::testing::TestParamInfo<MigrationPolicy>& policy) {
  std::string name(policy.param.name);
  std::erase(name, '-');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Table, MigrationConformance, ::testing::ValuesIn(migration_policies()), test_name);

TEST_P(MigrationConformance, MovesAreLegalTogetherAndTheSameAgain) {
  const MigrationOptions options{.tpot_slo = 0.05};
  std::size_t moved = 0;
  expect_property([&] {
    const World world = random_world(*rc::gen::arbitrary<unsigned>());
    const auto moves = GetParam().decide(world.view(), options);
    RC_ASSERT(moves == GetParam().decide(world.view(), options));
    moved += moves.size();
    std::set<RequestId> seen;
    std::map<int, int> blocks;  // that come to or leave a replica
    for (const Migration& move : moves) {
      const RunningRequest& request = world.running.at(raw(move.request));
      RC_ASSERT(seen.insert(move.request).second);
      RC_ASSERT(move.from == request.replica);
      RC_ASSERT(move.to != move.from);
      RC_ASSERT(world.replicas.at(static_cast<std::size_t>(move.to)).takes_requests());
      RC_ASSERT(world.replicas.at(static_cast<std::size_t>(move.from)).state != ReplicaState::kDown);
      blocks[move.to] += (request.kv_tokens + 15) / 16;
      blocks[move.from] -= (request.kv_tokens + 15) / 16;
    }
    for (const auto& [id, more] : blocks) {
      const ReplicaView& replica = world.replicas.at(static_cast<std::size_t>(id));
      if (more > 0)
        RC_ASSERT(replica.used_kv_blocks() + more <= options.memory_watermark * replica.kv_blocks);
    }
  });
  EXPECT_GT(moved, 0u) << "nothing was tested";
}

TEST_P(MigrationConformance, NothingToDoIsNothing) {
  EXPECT_THAT(GetParam().decide({}, {}), ::testing::IsEmpty());
  World idle;
  for (int id = 0; id < 4; ++id) idle.replicas.push_back(idle_replica(id));
  EXPECT_THAT(GetParam().decide(idle.view(), {}), ::testing::IsEmpty());
}

TEST_P(MigrationConformance, ExtremeNumbersAreSurvived) {
  const double doubles[] = {0, -1, 1e308, std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN()};
  const int ints[] = {0, 1, -1, 5, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};
  std::mt19937 random(1);
  const auto any_double = [&] { return doubles[random() % std::size(doubles)]; };
  const auto any_int = [&] { return ints[random() % std::size(ints)]; };
  for (int i = 0; i < 2000; ++i) {
    World world = random_world(random());
    for (ReplicaView& replica : world.replicas) {
      replica.weight = any_double(), replica.kv_tokens = any_double();
      replica.running = any_int(), replica.waiting = any_int(), replica.head_blocks = any_int();
      replica.kv_blocks = any_int(), replica.free_kv_blocks = any_int(), replica.block_tokens = any_int();
      replica.max_sequences = any_int(), replica.priority_running = any_int();
    }
    for (RunningRequest& request : world.running) {
      if (random() % 2 == 0) request.replica = any_int();
      request.kv_tokens = any_int(), request.generated = any_int(), request.priority = any_int();
      request.mean_tpot = any_double(), request.tpot_slo = any_double();
    }
    world.transfer = {any_double(), any_double(), any_double()};
    for (const Migration& move : GetParam().decide(world.view(), {})) {
      EXPECT_TRUE(world.replicas.at(static_cast<std::size_t>(move.to)).takes_requests());
    }
  }
}

TEST(MigrationPolicies, UnknownNamesAndImpossibleOptionsAreRefused) {
  EXPECT_EQ(find_migration_policy("flow").error().message,
            "migration policy 'flow' is none of: llumnix, flowing-decode");
  EXPECT_TRUE(validate(MigrationOptions{}).has_value());
  EXPECT_EQ(validate({.low_freeness = 100, .high_freeness = 50}).error().message,
            "migration option high_freeness: 50 is not within 100..1000000000");
}

}  // namespace
}  // namespace loci::cluster
