#include "sched/order/order.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "testing/scheduler_views.h"

namespace loci {
namespace {

using testing::at_ms;
using ::testing::ElementsAre;
using testing::Scene;
using testing::sequence;

/// The ids of the waiting sequences in the order of a policy.
std::vector<int> ids_by(OrderFunction policy, const Scene& scene, Time now = at_ms(1000)) {
  std::vector<Candidate> candidates;
  for (const SequenceView& s : scene.waiting) candidates.push_back({&s, false});
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return arrived_before(*a.sequence, *b.sequence);
  });
  OrderScratch scratch;
  policy(scene.view(), now, candidates, scratch);
  std::ranges::stable_sort(candidates, {}, &Candidate::rank);
  std::vector<int> ids;
  for (const Candidate& c : candidates) ids.push_back(static_cast<int>(raw(c.sequence->id)));
  return ids;
}

SequenceView with_match(int id, int match) {
  SequenceView s = sequence(id, 100, 0);
  s.cached_tokens = match;
  return s;
}

Scene random_matches(unsigned seed) {
  std::mt19937 random(seed);
  Scene scene;
  for (int i = 0; i < 40; ++i) scene.waiting.push_back(with_match(i, static_cast<int>(random() % 10) * 8));
  return scene;
}

TEST(OrderFcfs, IsByArrivalThenId) {
  Scene scene{.waiting = {sequence(7, 9, 0), sequence(3, 9, 0), sequence(5, 9, 0)}};
  scene.waiting[0].arrival = scene.waiting[1].arrival;
  EXPECT_THAT(ids_by(order_fcfs, scene), ElementsAre(3, 7, 5));
}

TEST(OrderLpm, IsByMatchThenArrival) {
  const Scene scene{.waiting = {with_match(1, 8), with_match(2, 64), with_match(3, 0), with_match(4, 64)}};
  EXPECT_THAT(ids_by(order_lpm, scene), ElementsAre(2, 4, 1, 3));
}

TEST(OrderKLpm, TakesTheOldestThenTheBestMatchesOfTheRest) {
  Scene scene{.waiting = {with_match(1, 0), with_match(2, 8), with_match(3, 16), with_match(4, 24),
                          with_match(5, 32), with_match(6, 40)}};
  scene.goals.lpm_group = 3;
  EXPECT_THAT(ids_by(order_k_lpm, scene), ElementsAre(1, 6, 5, 2, 4, 3));
  scene.goals.lpm_group = 2;
  EXPECT_THAT(ids_by(order_k_lpm, scene), ElementsAre(1, 6, 2, 5, 3, 4));
}

TEST(OrderKLpm, OneIsFcfs) {
  Scene scene = random_matches(1);
  scene.goals.lpm_group = 1;
  EXPECT_EQ(ids_by(order_k_lpm, scene), ids_by(order_fcfs, scene));
}

TEST(OrderKLpm, ManyIsLpmBehindTheOldest) {
  Scene scene = random_matches(2);
  scene.goals.lpm_group = 1000;
  std::vector<int> lpm = ids_by(order_lpm, scene);
  std::erase(lpm, 0);
  lpm.insert(lpm.begin(), 0);
  EXPECT_EQ(ids_by(order_k_lpm, scene), lpm);
}

// The wait of whoever matches nothing is bounded: it is served when all that came before it are, each with at
// most k - 1 others.
TEST(OrderKLpm, BoundsHowManyOvertake) {
  Scene scene = random_matches(3);
  scene.goals.lpm_group = 4;
  const std::vector<int> order = ids_by(order_k_lpm, scene);
  for (int id = 0; id < 40; ++id) EXPECT_LE(std::ranges::find(order, id) - order.begin(), 4 * id) << id;
}

// Prompts of a prefix tree over a cache that keeps one path: serving them in the order of longest match (each
// time with the cache as it then is) hits as many tokens as the best of all orders.
class TreeCache {
 public:
  explicit TreeCache(std::vector<std::string> prompts) : prompts_(std::move(prompts)) {}

  static int match(const std::string& a, const std::string& b) {
    return static_cast<int>(std::ranges::mismatch(a, b).in1 - a.begin());
  }
  int best() const {
    std::vector<std::size_t> order(prompts_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    int best = 0;
    do {
      int hits = 0;
      for (std::size_t i = 1; i < order.size(); ++i)
        hits += match(prompts_[order[i - 1]], prompts_[order[i]]);
      best = std::max(best, hits);
    } while (std::ranges::next_permutation(order).found);
    return best;
  }
  int by(OrderFunction policy) const {
    std::map<int, std::string> left;
    for (std::size_t i = 0; i < prompts_.size(); ++i) left[static_cast<int>(i)] = prompts_[i];
    std::string cached;
    int hits = 0;
    while (!left.empty()) {
      Scene scene;
      for (const auto& [id, prompt] : left) scene.waiting.push_back(with_match(id, match(cached, prompt)));
      const auto next = left.find(ids_by(policy, scene).front());
      hits += match(cached, next->second);
      cached = next->second;
      left.erase(next);
    }
    return hits;
  }

 private:
  std::vector<std::string> prompts_;
};

TEST(OrderLpm, HitsWhatTheBestOrderWould) {
  std::mt19937 random(11);
  int behind = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> prompts(7);
    for (std::string& prompt : prompts)
      for (int depth = 0; depth < 3; ++depth) prompt += std::string(8, static_cast<char>('a' + random() % 2));
    const TreeCache cache(prompts);
    EXPECT_EQ(cache.by(order_lpm), cache.best());
    behind += cache.by(order_fcfs) < cache.best() ? 1 : 0;
  }
  EXPECT_GT(behind, 15) << "first come, first served does not";
}

TEST(OrderPriority, IsByPriorityThenArrival) {
  Scene scene{.waiting = {sequence(1, 9, 0), sequence(2, 9, 0), sequence(3, 9, 0), sequence(4, 9, 0)}};
  scene.waiting[1].priority = 5;
  scene.waiting[2].priority = -5;
  EXPECT_THAT(ids_by(order_priority, scene), ElementsAre(3, 1, 4, 2));
}

TEST(OrderSrpf, CountsWhatIsLeftAndTheWait) {
  Scene scene{.waiting = {sequence(0, 500, 0), sequence(900, 120, 0), sequence(950, 110, 0)}};
  scene.waiting[0].cached_tokens = 100;
  scene.goals.ageing = 200;  // at 1000 ms: 400 - 200, 120 - 20, 110 - 10
  EXPECT_THAT(ids_by(order_srpf, scene), ElementsAre(900, 950, 0));
  scene.goals.ageing = 1000;  // 400 - 1000, 120 - 100, 110 - 50
  EXPECT_THAT(ids_by(order_srpf, scene), ElementsAre(0, 900, 950));
}

TEST(OrderSrpf, AgeingEndsStarvation) {
  for (const double ageing : {0.0, 200.0}) {
    Scene scene{.waiting = {sequence(0, 1000, 0)}};
    scene.goals.ageing = ageing;
    int served_at = -1;
    for (int ms = 100; ms < 20000 && served_at < 0; ms += 100) {  // a short one comes and one is served
      scene.waiting.push_back(sequence(ms, 10, 0));
      const int first = ids_by(order_srpf, scene, at_ms(ms)).front();
      if (first == 0) served_at = ms;
      std::erase_if(scene.waiting, [&](const SequenceView& s) { return s.id == SequenceId(first); });
    }
    EXPECT_EQ(served_at, ageing == 0 ? -1 : 5000) << "(1000 - 10) tokens / 200 a second";
  }
}

TEST(OrderEdf, IsByDeadlineAndThoseWithoutComeLast) {
  Scene scene{.waiting = {sequence(1, 9, 0), sequence(2, 9, 0), sequence(3, 9, 0), sequence(4, 9, 0)}};
  scene.waiting[1].deadline = at_ms(1500);
  scene.waiting[3].deadline = at_ms(800);  // missed already
  EXPECT_THAT(ids_by(order_edf, scene), ElementsAre(4, 2, 1, 3));
}

// One machine, one job at a time: where any order meets all deadlines, earliest deadline first does.
TEST(OrderEdf, MeetsAllDeadlinesIfAnyOrderDoes) {
  std::mt19937 random(5);
  int feasible = 0;
  for (int round = 0; round < 300; ++round) {
    Scene scene;
    for (int i = 0; i < 6; ++i) {
      scene.waiting.push_back(sequence(i, 10 + static_cast<int>(random() % 50), 0));  // tokens, 1 a ms
      scene.waiting.back().deadline = at_ms(static_cast<int>(random() % 300));
    }
    const auto meets_all = [&](const std::vector<int>& order) {
      int ms = 0;
      return std::ranges::all_of(order, [&](int i) {
        const SequenceView& s = scene.waiting[static_cast<std::size_t>(i)];
        return at_ms(ms += s.known_tokens) <= s.deadline;
      });
    };
    std::vector<int> order{0, 1, 2, 3, 4, 5};
    bool any = false;
    do any = any || meets_all(order);
    while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(meets_all(ids_by(order_edf, scene, at_ms(0))), any);
    feasible += any ? 1 : 0;
  }
  EXPECT_GT(feasible, 20);
}

SequenceView of_tenant(int id, int tenant, int tokens) {
  SequenceView s = sequence(id, tokens, 0);
  s.tenant = tenant;
  return s;
}

TEST(OrderFair, LowestCounterFirstAndItsChargeCounts) {
  Scene scene{.waiting = {of_tenant(1, 0, 100), of_tenant(2, 0, 100), of_tenant(3, 0, 100),
                          of_tenant(4, 1, 60), of_tenant(5, 1, 60)},
              .tenants = {{.served = 50}, {.served = 0}}};
  // Counters (50, 0): 4; (50, 60): 1; (150, 60): 5; (150, 120): 2; 3.
  EXPECT_THAT(ids_by(order_fair, scene), ElementsAre(4, 1, 5, 2, 3));
}

TEST(OrderFair, OneTenantsPromptsOfOneLengthAreFcfs) {
  Scene scene;
  for (int i = 0; i < 40; ++i) scene.waiting.push_back(of_tenant(i * 7 % 40, 0, 50));
  std::ranges::sort(scene.waiting, {}, &SequenceView::arrival);
  EXPECT_EQ(ids_by(order_fair, scene), ids_by(order_fcfs, scene));
}

TEST(OrderFair, ShortPromptsDoNotWaitBehindALongOneThatIsNotOverdue) {
  SequenceView longest = of_tenant(0, 0, 16000), shorter = of_tenant(0, 0, 1000);
  shorter.id = SequenceId(1);
  Scene scene{.cost = testing::fitted(0, 1e-3)};
  const auto first_when_it_arrives_at = [&](int ms) {
    shorter.arrival = at_ms(ms);
    scene.waiting = {longest, shorter};
    return ids_by(order_fair, scene).front();
  };
  EXPECT_EQ(first_when_it_arrives_at(120'000), 1)
      << "16 s of work are due at about 160 s, 1 s of it at 130 s";
  EXPECT_EQ(first_when_it_arrives_at(200'000), 0);
  longest.computed_tokens = 15500;  // half a second is left
  EXPECT_EQ(first_when_it_arrives_at(1'000), 0);
  longest.prompt_tokens = 10;  // it has had tokens, and was preempted
  longest.computed_tokens = 0;
  EXPECT_EQ(first_when_it_arrives_at(1'000), 0);
}

TEST(OrderFair, TenantsGetServiceByTheirWeights) {
  Scene scene{.tenants = {{.weight = 1}, {.weight = 3}}};
  std::map<int, double> tokens;
  for (int step = 0; step < 400; ++step) {  // tenant 0 asks for ten times as much
    for (int i = 0; i < 10; ++i) scene.waiting.push_back(of_tenant(100 * step + i, 0, 50));
    scene.waiting.push_back(of_tenant(100 * step + 50, 1, 75));
    const int first = ids_by(order_fair, scene).front();
    const auto where = std::ranges::find(scene.waiting, SequenceId(first), &SequenceView::id);
    tokens[where->tenant] += where->known_tokens;
    TenantView& tenant = scene.tenants[static_cast<std::size_t>(where->tenant)];
    tenant.served += where->known_tokens / tenant.weight;
    scene.waiting.erase(where);
  }
  EXPECT_NEAR(tokens[1] / tokens[0], 3, 0.05);
}

}  // namespace
}  // namespace loci
