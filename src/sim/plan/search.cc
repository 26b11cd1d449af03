#include "sim/plan/search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "sim/plan/sensitivity.h"

namespace loci::sim {
namespace {

constexpr std::array<std::uint64_t, 3> kRungs{8, 2, 1};  // parts of the full run
constexpr std::uint64_t kShortest = 200;                 // requests
constexpr std::array<std::size_t, 3> kKept{10, 4, 4};    // layouts that go on behind a rung
constexpr double kWorthKnowing = 1.3;  // times the best price: what costs more is no runner-up either
// Routers that the winner's layout is tried with at the end, where its replicas are all alike.
constexpr std::array kRouters{"round-robin", "least-connections", "token-aware", "prefix-aware"};

/// Cheaper is better; of equal prices, who meets more limits.
auto rank(const Trial& trial) {
  return std::tuple(trial.arrangement.price_per_hour(), -trial.attained, trial.arrangement.text());
}

bool is_other(const Arrangement& a, const Arrangement& b) {
  return a.layout.division != b.layout.division || a.layout.machines != b.layout.machines ||
         a.layout.hardware != b.layout.hardware;
}

class Search {
 public:
  Search(const Question& question, Trials& trials) : question_(question), trials_(trials) {}

  Result<std::vector<Trial>> run(std::vector<Layout> layouts) {
    LOCI_TRY(const Load load, trials_.load(requests_of(question_)));
    load_ = load;
    std::map<std::string, int> needed;  // by layout: replicas in the rung before
    std::vector<Trial> best;
    for (std::size_t rung = 0; rung < kRungs.size(); ++rung) {
      best.clear();
      const std::uint64_t requests =
          std::min(load.requests, std::max(kShortest, load.requests / kRungs[rung]));
      for (const Layout& layout : layouts) LOCI_TRY_VOID(try_layout(layout, requests, best));
      std::ranges::sort(best, {}, rank);
      best.resize(std::min(best.size(), kKept[rung]));
      layouts.clear();
      for (const Trial& trial : best) layouts.push_back(trial.arrangement.layout);
    }
    return best;
  }

  /// Other routers, where a router is free to choose.
  Result<> polish(std::vector<Trial>& best) {
    if (best.empty() || best.front().arrangement.layout.division != Division::kAggregated) return {};
    const Arrangement winner = best.front().arrangement;
    for (const char* router : kRouters) {
      Layout layout = winner.layout;
      if (layout.router == router || winner.replicas == 1) continue;
      layout.router = router;
      LOCI_TRY(auto found, trials_.fewest(layout, winner.replicas, std::max(1, winner.replicas - 1),
                                          winner.replicas, load_.requests));
      if (found) best.push_back(std::move(*found));
    }
    std::ranges::sort(best, {}, rank);
    return {};
  }

 private:
  Result<> try_layout(const Layout& layout, std::uint64_t requests, std::vector<Trial>& best) {
    const int affordable = question_.max_machines / layout.machines;
    int most = affordable;
    for (const Trial& trial : best)
      most = std::min(most, static_cast<int>(kWorthKnowing * trial.arrangement.price_per_hour() /
                                             layout.price_per_hour(1)));
    most = std::max(most, std::min(affordable, layout.least_replicas()));
    if (most < layout.least_replicas()) return {};
    LOCI_TRY(auto found, trials_.fewest(layout, start(layout), layout.least_replicas(), most, requests));
    if (!found) return {};
    seen_[{layout.hardware, layout.machines}] = found->arrangement.replicas;
    best.push_back(std::move(*found));
    return {};
  }

  /// Where to begin to look: what its like needed, or the work by the hardware's largest batches.
  int start(const Layout& layout) const {
    if (const auto known = seen_.find({layout.hardware, layout.machines}); known != seen_.end())
      return known->second;
    const StepCurve curve = profile({layout.hardware, question_.model, layout.machines});
    const auto& last = curve.by_tokens.back();
    const double each = (load_.mean_input + load_.mean_output) * last.seconds / last.tokens;
    const double per_second = load_.seconds > 0 ? static_cast<double>(load_.requests) / load_.seconds : 1;
    return static_cast<int>(std::clamp(2 * per_second * each, 1.0, 1e4));
  }

  const Question& question_;
  Trials& trials_;
  Load load_;
  std::map<std::pair<const Hardware*, int>, int> seen_;
};

Result<std::vector<Layout>> all_layouts(const Question& question, const Load& load) {
  const bool shares = question.workload.dataset != "random" && question.workload.dataset != "sharegpt" &&
                      question.workload.dataset != "long-context";
  std::vector<Layout> all;
  std::string why;
  for (const Hardware* hardware : question.hardware) {
    auto here = layouts(*question.model, *hardware, load.most_tokens, question.max_machines, shares);
    all.insert(all.end(), here.begin(), here.end());
    if (!here.empty()) continue;
    why += fmt::format("{}{} of {}", why.empty() ? "" : ", ", std::min(8, question.max_machines),
                       hardware->name);
  }
  if (!all.empty()) return all;
  return fail(ErrorCode::kInvalidArgument,
              "{} ({:.0f} GB of weights) with the KV of a request of {} tokens does not fit on {}",
              question.model->name, question.model->weight_bytes() / 1e9, load.most_tokens, why);
}

Result<> validate(const Question& question) {
  if (question.slo.empty()) return fail(ErrorCode::kInvalidArgument, "--slo: no limit is given");
  if (!(question.attain > 0 && question.attain <= 1))
    return fail(ErrorCode::kInvalidArgument, "--attain: {} is no share in (0, 1]", question.attain);
  if (question.max_machines < 1 || question.max_machines > 512)
    return fail(ErrorCode::kInvalidArgument, "--max-gpus: {} is not within 1..512", question.max_machines);
  if (question.requests > 1'000'000)
    return fail(ErrorCode::kInvalidArgument, "--requests: {} is more than 1000000", question.requests);
  return {};
}

/// The winner once more, with what became of each request.
Result<std::vector<bench::RequestResult>> results_of(const Question& question, const Load& load,
                                                     const Trial& winner) {
  LOCI_TRY(Scenario scenario, scenario_of(question, load, winner.arrangement));
  scenario.clients.keep_results = true;
  LOCI_TRY(SimReport report, simulate(scenario));
  return std::move(report.results);
}

}  // namespace

Result<Plan> search(const Question& question, const Watcher& watcher) {
  LOCI_TRY_VOID(validate(question));
  Trials trials(question, watcher);
  Plan plan{.question = question};
  LOCI_TRY(plan.load, trials.load(requests_of(question)));
  LOCI_TRY(const auto layouts, all_layouts(question, plan.load));
  Search search(question, trials);
  LOCI_TRY(auto best, search.run(layouts));
  LOCI_TRY_VOID(search.polish(best));
  plan.trials = trials.all();
  if (best.empty()) {
    plan.closest = *std::ranges::max_element(plan.trials, {}, [](const Trial& trial) {
      return std::tuple(trial.attained, -trial.arrangement.price_per_hour());
    });
    return plan;
  }
  plan.winner = best.front();
  const auto other = std::ranges::find_if(
      best, [&](const Trial& trial) { return is_other(trial.arrangement, best.front().arrangement); });
  if (other != best.end()) {
    plan.runner_up = *other;
  } else if (best.size() > 1) {
    plan.runner_up = best[1];
  }
  LOCI_TRY(plan.sensitivity, sensitivity_of(question, plan.load, *plan.winner, watcher));
  LOCI_TRY(plan.results, results_of(question, plan.load, *plan.winner));
  return plan;
}

}  // namespace loci::sim
