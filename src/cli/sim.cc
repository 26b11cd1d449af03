// `loci sim SCENARIO.toml`: the code that serves, in virtual time.
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "cli/command.h"
#include "sim/scenario_file.h"

namespace loci::cli {
namespace {

struct SimOptions {
  std::string scenario;
  bool json = false;
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
      "moves, {:.0f} migrations, {:.0f} failovers\n",
      at("steps"), at("preemptions"), at("recomputed_tokens"), at("handovers"), at("moves"), at("migrations"),
      at("failovers"));
  for (const std::string& fault : report.faults) fmt::print("  FAULT      {}\n", fault);
  fmt::print("  state {:016x}, {:.0f} events in {:.2f} s\n", report.state_hash, at("events"),
             report.wall_seconds);
}

Result<> run(const SimOptions& options) {
  const std::filesystem::path path(options.scenario);
  LOCI_TRY(const TomlFile file, read_toml(path));
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

Command add_sim(CLI::App& app) {
  CLI::App* parser =
      app.add_subcommand("sim", "Run a scenario in virtual time: a fleet, its clients, its faults");
  auto options = std::make_shared<SimOptions>();
  parser->add_option("scenario", options->scenario, "a TOML file")->required()->type_name("SCENARIO.toml");
  parser->add_flag("--json", options->json, "one JSON object instead of a table");
  return {parser, [options] { return run(*options); }};
}

}  // namespace loci::cli
