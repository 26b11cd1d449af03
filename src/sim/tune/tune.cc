#include "sim/tune/tune.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/engine_parts.h"

namespace loci::sim {
namespace {

constexpr std::uint64_t kShortPart = 4;  // a short run has this part of the requests
constexpr std::uint64_t kShortest = 40;  // requests
constexpr std::size_t kKeptPart = 4;     // this part of the settings run the whole load
constexpr std::size_t kLeastKept = 6;
constexpr int kMostClimbs = 6;

double pressure_of(const std::map<std::string, double>& metrics, const bench::Slo& slo) {
  double most = 0;
  const auto look = [&](const std::optional<double>& limit, const char* name) {
    const auto found = metrics.find(name);
    if (limit && found != metrics.end()) most = std::max(most, found->second / *limit);
  };
  look(slo.ttft, "ttft.p99");
  look(slo.tpot, "tpot.p99");
  look(slo.e2el, "e2e.p99");
  return most;
}

class Search {
 public:
  Search(const TuneQuestion& question, const TuneWatcher& watcher) : question_(question), watcher_(watcher) {}

  Result<Tuning> run() {
    const std::uint64_t all = question_.clients.requests;
    std::vector<Setting> settings = spread_settings(question_.settings, question_.seed);
    const std::uint64_t part = std::max(kShortest, all / kShortPart);
    if (part < all) LOCI_TRY_VOID(keep_best(settings, part));
    for (const Setting& setting : settings) LOCI_TRY_VOID(run_whole(setting));
    LOCI_TRY_VOID(climb());
    std::ranges::sort(whole_, is_better);
    return Tuning{std::move(whole_), simulated_};
  }

 private:
  Result<TuneTrial> simulated(const Setting& setting, std::uint64_t requests) {
    if (watcher_) watcher_(simulated_);
    LOCI_TRY(const Scenario scenario, scenario_of(question_, setting, requests));
    LOCI_TRY(SimReport report, simulate(scenario));
    ++simulated_;
    if (!report.faults.empty()) return fail(ErrorCode::kCorrupt, "{}", report.faults.front());
    TuneTrial trial{.setting = setting, .attained = report.metrics.at("attained")};
    trial.pressure = pressure_of(report.metrics, question_.slo);
    trial.metrics = std::move(report.metrics);
    return trial;
  }

  /// The default stays, whatever it brings: the others are compared with it.
  Result<> keep_best(std::vector<Setting>& settings, std::uint64_t requests) {
    std::vector<TuneTrial> trials;
    for (const Setting& setting : settings) {
      LOCI_TRY(trials.emplace_back(), simulated(setting, requests));
    }
    std::ranges::sort(trials, is_better);
    trials.resize(std::min(trials.size(), std::max(kLeastKept, trials.size() / kKeptPart)));
    settings = {default_setting()};
    for (TuneTrial& trial : trials)
      if (trial.setting != settings.front()) settings.push_back(std::move(trial.setting));
    return {};
  }

  Result<> run_whole(const Setting& setting) {
    if (std::ranges::find(whole_, setting, &TuneTrial::setting) != whole_.end()) return {};
    LOCI_TRY(whole_.emplace_back(), simulated(setting, question_.clients.requests));
    return {};
  }

  Setting best() const { return std::ranges::min_element(whole_, is_better)->setting; }

  Result<> climb() {
    for (int i = 0; i < kMostClimbs; ++i) {
      const Setting from = best();
      for (std::size_t knob = 0; knob < from.size(); ++knob)
        for (const int step : {-1, 1}) {
          Setting to = from;
          to[knob] += step;
          if (to[knob] < 0 || to[knob] >= static_cast<int>(knobs()[knob].values.size())) continue;
          LOCI_TRY_VOID(run_whole(to));
        }
      if (best() == from) break;
    }
    return {};
  }

  const TuneQuestion& question_;
  const TuneWatcher& watcher_;
  std::vector<TuneTrial> whole_;
  int simulated_ = 0;
};

}  // namespace

bool is_better(const TuneTrial& a, const TuneTrial& b) {
  const auto rank = [](const TuneTrial& trial) {
    return std::tuple(-std::lround(100 * trial.attained), trial.pressure, flags_of(trial.setting).size());
  };
  const auto left = rank(a), right = rank(b);
  return left != right ? left < right : a.setting < b.setting;
}

Result<Scenario> scenario_of(const TuneQuestion& question, const Setting& setting, std::uint64_t requests) {
  const EngineConfig config = configured(question.config, setting);
  LOCI_TRY(const ConfiguredPolicies chosen, configured_policies(config));
  ReplicaOptions replica{.limits = question.limits,
                         .policies = chosen.policies,
                         .goals = chosen.goals,
                         .evict = chosen.evict,
                         .queue = {.max_pending = config.max_queued_requests + config.max_num_seqs,
                                   .max_delay = config.max_queue_delay_s},
                         .curve = question.curve,
                         .seed = question.seed};
  replica.limits.step = {config.max_num_seqs, std::max(config.max_num_batched_tokens, config.max_num_seqs),
                         config.max_num_seqs};
  Scenario scenario;
  scenario.name = "tune";
  scenario.workload = question.workload;
  scenario.clients = question.clients;
  scenario.slo = question.slo;
  scenario.fleet.members.push_back({.replica = std::move(replica)});
  scenario.fleet.check_tokens = false;  // time is what is asked here
  scenario.clients.requests = requests;
  return scenario;
}

Result<Tuning> tune(const TuneQuestion& question, const TuneWatcher& watcher) {
  if (question.slo.empty()) return fail(ErrorCode::kInvalidArgument, "--goodput: no limit is given");
  return Search(question, watcher).run();
}

}  // namespace loci::sim
