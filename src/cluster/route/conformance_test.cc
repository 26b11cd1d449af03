// What every router of the table must do, whatever it is.
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <limits>
#include <regex>
#include <set>

#include "cluster/testing/fleet.h"

namespace loci::cluster {
namespace {

using ::testing::HasSubstr;
using namespace cluster::testing;

class RouterConformance : public ::testing::TestWithParam<RouterEntry> {
 protected:
  std::unique_ptr<Router> router(const RouterOptions& options = {}) const {
    return std::move(*make_router(GetParam().name, options));
  }
};

std::string test_name(const ::testing::TestParamInfo<RouterEntry>& router) {
  return std::regex_replace(std::string(router.param.name), std::regex("-"), "_");
}
INSTANTIATE_TEST_SUITE_P(Table, RouterConformance, ::testing::ValuesIn(routers()), test_name);

struct RandomRequests {
  std::mt19937 random;
  std::vector<std::vector<BlockKey>> prompts;

  explicit RandomRequests(unsigned seed) : random(seed) {
    for (std::uint64_t family = 0; family < 20; ++family)
      prompts.push_back(prompt_keys(family % 5, static_cast<int>(random() % 60), family, 10));
  }
  const std::vector<BlockKey>& prompt() { return prompts[random() % prompts.size()]; }
  RouteRequest next() {
    RouteRequest request = request_of(prompt(), static_cast<double>(random() % 500));
    request.session = random() % 3 == 0 ? 0 : random() % 30;
    request.ttft_slo = random() % 2 == 0 ? 0 : 0.5;
    request.tpot_slo = random() % 2 == 0 ? 0 : 0.05;
    return request;
  }
};

void expect_legal(const Fleet& fleet, const RouteDecision& decision) {
  for (const int id : {decision.prefill, decision.decode}) {
    ASSERT_GE(id, 0);
    ASSERT_LT(id, static_cast<int>(fleet.replicas.size()));
    EXPECT_TRUE(fleet.replicas[static_cast<std::size_t>(id)].takes_requests()) << id;
  }
  EXPECT_GE(decision.ttft, 0);
  EXPECT_TRUE(std::isfinite(decision.ttft));
  EXPECT_GE(decision.cached_tokens, 0);
  if (decision.fetch_from >= 0) {
    EXPECT_NE(decision.fetch_from, decision.prefill);
    EXPECT_GT(decision.fetch_tokens, 0);
  }
}

/// 2,000 requests to a fleet that changes in every way; what was decided.
std::vector<std::optional<RouteDecision>> random_history(Router& router, unsigned seed) {
  RandomRequests requests(seed);
  std::mt19937& random = requests.random;
  Fleet fleet(1);
  std::vector<std::optional<RouteDecision>> history;
  for (int i = 0; i < 2000; ++i) {
    if (i % 50 == 0 && fleet.replicas.size() < 70)  // grows, by a few at a time
      fleet.replicas.push_back(idle_replica(static_cast<int>(fleet.replicas.size())));
    const auto changed = static_cast<int>(random() % fleet.replicas.size());
    fleet[changed] = random_replica(changed, random);
    if (fleet[changed].state == ReplicaState::kDown) fleet.directory.forget(changed);
    fleet.cache(static_cast<int>(random() % fleet.replicas.size()), requests.prompt());
    const RouteRequest request = requests.next();
    const double draw = static_cast<double>(random()) / 0x1.0p32;
    const auto decision = router.route(request, fleet.view(draw), Time(std::chrono::milliseconds(i)));
    const bool some_ready = std::ranges::any_of(fleet.replicas, &ReplicaView::takes_requests);
    if (!some_ready) {
      EXPECT_FALSE(decision.has_value());
    }
    if (decision) {
      expect_legal(fleet, *decision);
    } else {
      EXPECT_EQ(decision.error() == NoRoute::kNoReplica, !some_ready);
    }
    history.push_back(decision ? std::optional(*decision) : std::nullopt);
  }
  return history;
}

TEST_P(RouterConformance, PicksReadyReplicasOnlyAndEqualHistoriesDecideEqually) {
  const auto first = router(), second = router();
  const auto history = random_history(*first, 7);
  EXPECT_EQ(history, random_history(*second, 7));
  EXPECT_NE(history, random_history(*second, 8));
}

TEST_P(RouterConformance, OneReplicaTakesEverything) {
  Fleet fleet(1);
  RandomRequests requests(3);
  const auto one = router();
  for (int i = 0; i < 50; ++i) {
    const auto decision = one->route(requests.next(), fleet.view(0.99), Time{});
    ASSERT_TRUE(decision.has_value());
    EXPECT_EQ(decision->prefill, 0);
    EXPECT_EQ(decision->decode, 0);
  }
}

TEST_P(RouterConformance, NobodyReadyIsNoDecision) {
  const auto one = router();
  const auto ask = [&](const Fleet& fleet) { return one->route({}, fleet.view(), Time{}); };
  EXPECT_EQ(ask(Fleet(0)).error(), NoRoute::kNoReplica);
  Fleet fleet(3);
  fleet[0].state = ReplicaState::kDown;
  fleet[1].state = ReplicaState::kDraining;
  fleet[2].weight = 0;
  EXPECT_EQ(ask(fleet).error(), NoRoute::kNoReplica);
  fleet[1].state = ReplicaState::kReady;
  EXPECT_EQ(ask(fleet)->prefill, 1);
}

TEST_P(RouterConformance, RolesArePreferredAndNotRequired) {
  Fleet fleet(4);
  RandomRequests requests(5);
  fleet[0].role = fleet[1].role = ReplicaRole::kPrefill;
  fleet[2].role = fleet[3].role = ReplicaRole::kDecode;
  const auto one = router();
  for (int i = 0; i < 20; ++i) {
    const auto decision = one->route(requests.next(), fleet.view(i / 20.0), Time{});
    ASSERT_TRUE(decision.has_value());
    EXPECT_LE(decision->prefill, 1);
    EXPECT_GE(decision->decode, 2);
  }
  fleet[0].state = fleet[1].state = ReplicaState::kDown;
  const auto decision = one->route(requests.next(), fleet.view(), Time{});
  ASSERT_TRUE(decision.has_value());
  EXPECT_GE(decision->prefill, 2);
}

TEST_P(RouterConformance, ExtremeNumbersAreSurvived) {
  const double doubles[] = {
      0,     -1, 1e308, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
      5e-324};
  const int ints[] = {0, 1, -1, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};
  std::mt19937 random(11);
  const auto any_double = [&] { return doubles[random() % std::size(doubles)]; };
  const auto any_int = [&] { return ints[random() % std::size(ints)]; };
  const auto one = router();
  Fleet fleet(5);
  const auto keys = prompt_keys(1, 30);
  fleet.cache(2, keys);
  for (int i = 0; i < 500; ++i) {
    for (ReplicaView& replica : fleet.replicas) {
      const int id = replica.id;
      replica = idle_replica(id);
      replica.role = static_cast<ReplicaRole>(random() % 3);
      if (id > 0) replica.weight = any_double();  // one is ready always
      replica.running = any_int(), replica.waiting = any_int(), replica.head_blocks = any_int();
      replica.kv_blocks = any_int(), replica.free_kv_blocks = any_int(), replica.block_tokens = any_int();
      replica.chunk_tokens = any_int(), replica.max_sequences = any_int();
      replica.priority_running = any_int();
      replica.prefill_tokens = any_double(), replica.output_tokens = any_double();
      replica.kv_tokens = any_double(), replica.recent_tpot = any_double();
      for (double& coefficient : replica.cost) coefficient = any_double();
    }
    fleet.transfer = {any_double(), any_double(), any_double()};
    RouteRequest request{keys, 16, any_int(), any_double(), random(), any_double(), any_double()};
    request.block_tokens = any_int();
    const auto decision = one->route(request, fleet.view(any_double()), Time::max());
    if (decision) {
      expect_legal(fleet, *decision);
    } else {
      EXPECT_EQ(decision.error(), NoRoute::kOverloaded);
    }
  }
}

TEST_P(RouterConformance, MovesOfWaitingRequestsAreLegal) {
  std::mt19937 random(13);
  const auto one = router();
  RandomRequests requests(17);
  for (int round = 0; round < 50; ++round) {
    Fleet fleet(8);
    for (int i = 0; i < 8; ++i) fleet[i] = random_replica(i, random);
    std::vector<WaitingRequest> waiting;
    for (int i = 0; i < 30; ++i)
      waiting.push_back({RequestId(i), static_cast<int>(random() % 8), 0, requests.next()});
    std::set<RequestId> moved;
    for (const Migration& move : one->rebalance(waiting, fleet.view())) {
      EXPECT_TRUE(moved.insert(move.request).second) << "moved twice";
      EXPECT_EQ(move.from, waiting.at(raw(move.request)).replica);
      EXPECT_NE(move.from, move.to);
      EXPECT_TRUE(fleet[move.to].takes_requests());
    }
  }
}

TEST(Routers, UnknownNamesAndImpossibleOptionsAreRefused) {
  EXPECT_THAT(make_router("roundrobin").error().message,
              HasSubstr("router 'roundrobin' is none of: round-robin, "));
  RouterOptions options;
  options.memory_watermark = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(make_router("round-robin", options).error().message,
            "router option memory_watermark: nan is not within 0..1");
  options = {};
  options.virtual_nodes = 0;
  EXPECT_EQ(make_router("round-robin", options).error().field, "virtual_nodes");
}

TEST(Routers, HaveNamesOfTheirOwnAndSources) {
  std::set<std::string_view> names;
  for (const RouterEntry& entry : routers()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.source.empty()) << entry.name;
  }
}

// A router goes with its file and its line: no other file of the program names its entry.
TEST(Routers, AreNamedByTheirFileAndTheTableAlone) {
  namespace fs = std::filesystem;
  const fs::path source = fs::path(LOCI_SOURCE_DIR) / "src";
  const auto read = [](const fs::path& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string table = read(source / "cluster/route/table.inc");
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(source))
    if (const auto kind = entry.path().extension(); kind == ".cc" || kind == ".h")
      files.push_back(read(entry.path()));
  const std::regex line("LOCI_ROUTER\\((k\\w+)\\)");
  std::size_t lines = 0;
  for (std::sregex_iterator match(table.begin(), table.end(), line), end; match != end; ++match, ++lines) {
    const std::string name = (*match)[1];
    const auto named = std::ranges::count_if(files, [&](const std::string& text) {
      for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1))
        if (std::isalnum(static_cast<unsigned char>(text[at + name.size()])) == 0) return true;
      return false;
    });
    EXPECT_EQ(named, 1) << name;
  }
  EXPECT_EQ(lines, routers().size());
}

}  // namespace
}  // namespace loci::cluster
