// `loci sim SCENARIO.toml`: the code that serves, in virtual time.
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <regex>
#include <unistd.h>

#include "cli/command.h"
#include "cli/progress_bar.h"
#include "cli/simulate_file.h"
#include "lab/run.h"
#include "sim/replay.h"
#include "sim/scenario_file.h"
#include "sim/swarm.h"

namespace loci::cli {
namespace {

struct SimOptions {
  std::string scenario;
  bool json = false;
  std::uint64_t swarm = 0, first_seed = 0;
  std::string replay, fit;
  std::vector<std::string> settings;  // "fleet.router = 'round-robin'", over the scenario's own
  std::string capacity, rates = "1:1000";
};

std::string to_json(const sim::Scenario& scenario, const sim::SimReport& report) {
  json::object metrics;
  for (const auto& [name, value] : report.metrics) metrics[name] = value;
  json::array faults;
  for (const std::string& fault : report.faults) faults.push_back(json::value(fault));
  return json::serialize(json::object{{"scenario", scenario.name},
                                      {"provenance", report.provenance},
                                      {"metrics", std::move(metrics)},
                                      {"faults", std::move(faults)},
                                      {"state_hash", fmt::format("{:016x}", report.state_hash)},
                                      {"wall_seconds", report.wall_seconds}});
}

void print(const sim::Scenario& scenario, const sim::SimReport& report) {
  const auto& m = report.metrics;
  const auto at = [&](const char* name) { return m.at(name); };
  fmt::print("{}: {} replicas, times: {}\n", scenario.name, at("replicas"), report.provenance);
  fmt::print(
      "  requests   {:.0f} sent, {:.0f} complete, {:.0f} refused, {:.0f} cancelled, {:.0f} failed in {:.1f} "
      "s\n",
      at("requests"), at("completed"), at("refused"), at("cancelled"), at("failed"), at("duration"));
  fmt::print(
      "  throughput {:.2f} requests/s, {:.0f} output tokens/s; replicas busy {:.0f} %, the busiest {:.2f} x "
      "the mean\n",
      at("requests_per_second"), at("output_tokens_per_second"), 100 * at("busy"), at("imbalance"));
  for (const char* name : {"ttft", "tpot", "itl", "e2e"}) {
    const std::string n = name;
    fmt::print("  {:<10} mean {:.1f} ms, p50 {:.1f}, p90 {:.1f}, p99 {:.1f}\n", n, 1e3 * m.at(n + ".mean"),
               1e3 * m.at(n + ".p50"), 1e3 * m.at(n + ".p90"), 1e3 * m.at(n + ".p99"));
  }
  fmt::print("  cached     {:.1f} % of prompt tokens\n", 100 * at("hit_ratio"));
  if (!scenario.slo.empty())
    fmt::print("  goodput    {:.2f} requests/s, {:.1f} % of all\n", at("goodput"), 100 * at("attained"));
  fmt::print(
      "  engines    {:.0f} steps, {:.0f} preemptions, {:.0f} tokens computed again; {:.0f} handovers, {:.0f} "
      "moves, {:.0f} migrations, {:.0f} fetches, {:.0f} failovers\n",
      at("steps"), at("preemptions"), at("recomputed_tokens"), at("handovers"), at("moves"), at("migrations"),
      at("fetches"), at("failovers"));
  for (const std::string& fault : report.faults) fmt::print("  FAULT      {}\n", fault);
  fmt::print("  state {:016x}, {:.0f} events in {:.2f} s\n", report.state_hash, at("events"),
             report.wall_seconds);
}

/// Random fleets, one a seed, each run twice.
Result<> run_swarm(const SimOptions& options) {
  const bool shows = isatty(STDERR_FILENO) != 0;
  for (std::uint64_t i = 0; i < options.swarm; ++i) {
    const auto wrong = sim::check_seed(options.first_seed + i, true);
    if (!wrong.empty()) return fail(ErrorCode::kCorrupt, "{}", wrong.front());
    if (shows && (i + 1) % 64 == 0)
      fmt::print(stderr, "\r{}  {} of {} seeds ", format_bar(double(i + 1) / double(options.swarm)), i + 1,
                 options.swarm);
  }
  if (shows) fmt::print(stderr, "\r\x1b[K");
  fmt::print("{} seeds from {} on: nothing wrong\n", options.swarm, options.first_seed);
  return {};
}

/// A log of the live engine again: every plan must be the one that it made.
Result<> run_replay(const SimOptions& options) {
  LOCI_TRY(const StepLog log, read_step_log(options.replay));
  LOCI_TRY(const sim::ReplayReport report, sim::replay(log));
  fmt::print("{}: {} turns of {:.1f} s, {} requests, {} rows\n", options.replay, report.turns, report.seconds,
             report.requests, report.rows);
  if (!options.fit.empty()) {
    LOCI_TRY(const sim::StepCurve curve, sim::fit_curve(report.steps));
    std::ofstream file(options.fit, std::ios::binary);
    file << sim::to_json(curve) << '\n';
    if (!file.flush()) return fail(ErrorCode::kIo, "cannot write {}", options.fit);
    fmt::print("{}: {}, deviation of a step {:.1f} %\n", options.fit, curve.provenance,
               100 * curve.noise.deviation());
  }
  if (report.differs_at)
    return fail(ErrorCode::kCorrupt, "{}: the plan of turn {} is not the one that was made", options.replay,
                *report.differs_at);
  fmt::print("every plan is the one that was made\n");
  return {};
}

/// "ttft.p99<=2" and "10:400".
Result<lab::CapacitySearch> parse_search(const SimOptions& options) {
  static const std::regex kLimit(R"(([^<=]+)<=([0-9.eE+-]+))"), kRates(R"(([0-9.eE+-]+):([0-9.eE+-]+))");
  std::smatch limit, rates;
  lab::CapacitySearch search;
  const auto number = [](const std::string& text, double& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  };
  if (!std::regex_match(options.capacity, limit, kLimit) || !number(limit[2], search.at_most))
    return fail(ErrorCode::kInvalidArgument, "--capacity: '{}' is not METRIC<=NUMBER, such as ttft.p99<=2",
                options.capacity);
  if (!std::regex_match(options.rates, rates, kRates) || !number(rates[1], search.from) ||
      !number(rates[2], search.to) || !(search.from > 0 && search.from < search.to))
    return fail(ErrorCode::kInvalidArgument, "--rates: '{}' is not FROM:TO, rising and above 0",
                options.rates);
  search.metric = limit[1];
  return search;
}

/// The largest rate at which a metric stays within its limit.
Result<> run_capacity(const SimOptions& options, const TomlFile& file, const std::filesystem::path& folder) {
  LOCI_TRY(const lab::CapacitySearch search, parse_search(options));
  const lab::RunPlace place{
      .simulate = [&](const TomlFile& scenario) { return simulate_file(scenario, folder); }};
  LOCI_TRY(const json::value found, lab::run_setup(lab::ScenarioSetup{file, search}, place, {}));
  if (options.json)
    fmt::print("{}\n", json::serialize(found));
  else
    fmt::print("{:.2f} requests/s with {} <= {:g} ({:.4g} there)\n", found.at("capacity").to_number<double>(),
               search.metric, search.at_most, found.at(search.metric).to_number<double>());
  return {};
}

Result<> run(const SimOptions& options) {
  if (!options.replay.empty()) return run_replay(options);
  if (options.swarm > 0) return run_swarm(options);
  if (options.scenario.empty())
    return fail(ErrorCode::kInvalidArgument, "sim: name a SCENARIO.toml, or --swarm SEEDS, or --replay FILE");
  const std::filesystem::path path(options.scenario);
  LOCI_TRY(TomlFile file, read_toml(path));
  for (const std::string& setting : options.settings) {
    LOCI_TRY(const TomlFile parsed, parse_toml(setting, "--set " + setting));
    merge_toml(file.root, parsed.root);
  }
  if (!options.capacity.empty()) return run_capacity(options, file, path.parent_path());
  LOCI_TRY(const sim::Scenario scenario, sim::read_scenario(file, path.parent_path()));
  LOCI_TRY(const sim::SimReport report, sim::simulate(scenario));
  if (options.json)
    fmt::print("{}\n", to_json(scenario, report));
  else
    print(scenario, report);
  if (report.faults.empty()) return {};
  return fail(ErrorCode::kCorrupt, "{}: {}", scenario.name, report.faults.front());
}

}  // namespace

Result<json::object> simulate_file(const TomlFile& file, const std::filesystem::path& folder) {
  LOCI_TRY(const sim::Scenario scenario, sim::read_scenario(file, folder));
  LOCI_TRY(const sim::SimReport report, sim::simulate(scenario));
  if (!report.faults.empty()) return fail(ErrorCode::kCorrupt, "{}: {}", file.name, report.faults.front());
  json::object metrics;
  for (const auto& [name, value] : report.metrics) metrics[name] = value;
  return metrics;
}

Command add_sim(CLI::App& app) {
  CLI::App* parser =
      app.add_subcommand("sim", "Run a scenario in virtual time: a fleet, its clients, its faults");
  auto options = std::make_shared<SimOptions>();
  parser->add_option("scenario", options->scenario, "a TOML file")->type_name("SCENARIO.toml");
  parser->add_option("--swarm", options->swarm, "instead: so many random fleets with faults, each run twice")
      ->type_name("SEEDS");
  parser->add_option("--replay", options->replay, "instead: a step log of `loci serve --step-log`")
      ->type_name("FILE");
  parser
      ->add_option("--fit", options->fit,
                   "with --replay: where the curve of its step times goes, for machine.fitted")
      ->type_name("CURVE.json");
  parser->add_option("--seed", options->first_seed, "the first seed of the swarm");
  parser->add_flag("--json", options->json, "one JSON object instead of a table");
  parser
      ->add_option("--set", options->settings,
                   "a key of the scenario with another value, as --set='fleet.replicas = 8'; may be repeated")
      ->allow_extra_args(false);
  parser
      ->add_option("--capacity", options->capacity,
                   "instead: the largest workload.rate at which a metric stays within a limit")
      ->type_name("METRIC<=NUMBER");
  parser->add_option("--rates", options->rates, "with --capacity: where to look, in requests a second")
      ->type_name("FROM:TO")
      ->capture_default_str();
  return {parser, [options] { return run(*options); }};
}

}  // namespace loci::cli
