#include "lab/run.h"

#include <algorithm>
#include <cmath>

#include "base/mapped_file.h"
#include "lab/document.h"
#include "lab/made_model.h"
#include "lab/process.h"
#include "lab/served_run.h"

namespace loci::lab {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRunLimit = 10min;
constexpr std::size_t kMaxOutput = std::size_t{64} << 20;

Result<json::value> run_command(const CommandSetup& setup, const RunPlace& place) {
  std::vector<std::string> arguments = setup.arguments;
  if (setup.model && !setup.model->shape.empty()) {
    LOCI_TRY(const std::string model, made_model(*setup.model, place));
    const auto first_flag =
        std::ranges::find_if(arguments, [](const std::string& word) { return word.starts_with("--"); });
    arguments.insert(first_flag, model);
  }
  LOCI_TRY(const ScratchFolder scratch, ScratchFolder::make());
  LOCI_TRY(Process process, Process::start(place.program, arguments, {scratch / "out", scratch / "err"}));
  if (!process.wait(kRunLimit)) return fail(ErrorCode::kUnavailable, "{}: did not end", arguments.front());
  if (process.status() != 0)
    return fail(ErrorCode::kUnavailable, "'loci {}' ended with status {}: {}", fmt::join(arguments, " "),
                process.status(), last_line(process.files().err));
  LOCI_TRY(const std::string text, read_text_file(process.files().out, kMaxOutput));
  return parse_output(text);
}

constexpr double kCapacityStep = 1.02;

Result<json::object> run_at_rate(const CapacitySearch& search, TomlFile scenario, const RunPlace& place,
                                 double rate) {
  TomlFile at{.name = scenario.name, .root = TomlValue{.value = TomlValue::Table{}}};
  TomlValue workload{.value = TomlValue::Table{}};
  std::get<TomlValue::Table>(workload.value).emplace("rate", TomlValue{.value = rate});
  std::get<TomlValue::Table>(at.root.value).emplace("workload", std::move(workload));
  merge_toml(scenario.root, at.root);
  LOCI_TRY(json::object report, place.simulate(scenario));
  report["capacity"] = rate;
  LOCI_TRY(const double value, number_at(report, search.metric));
  report["within"] = value <= search.at_most;
  return report;
}

/// Bisection over the logarithm of the rate: halves the range until its ends are a step apart.
Result<json::object> find_capacity(const CapacitySearch& search, const TomlFile& scenario,
                                   const RunPlace& place) {
  double low = search.from, high = search.to;
  LOCI_TRY(json::object best, run_at_rate(search, scenario, place, low));
  if (!best["within"].as_bool())
    return fail(ErrorCode::kInvalidArgument, "{} is above {} at capacity.from already", search.metric,
                search.at_most);
  while (high / low > kCapacityStep) {
    const double middle = std::sqrt(low * high);
    LOCI_TRY(json::object report, run_at_rate(search, scenario, place, middle));
    const bool within = report["within"].as_bool();
    (within ? low : high) = middle;
    if (within) best = std::move(report);
  }
  return best;
}

Result<json::value> run_scenario(const ScenarioSetup& setup, const RunPlace& place, int repeat) {
  if (!place.simulate) return fail(ErrorCode::kUnsupported, "this program has no simulator");
  TomlFile scenario = setup.scenario;
  std::get<TomlValue::Table>(scenario.root.value)
      .try_emplace("seed", TomlValue{.value = std::int64_t{repeat}, .line = scenario.root.line});
  LOCI_TRY(json::object report,
           setup.capacity ? find_capacity(*setup.capacity, scenario, place) : place.simulate(scenario));
  return json::value(std::move(report));
}

}  // namespace

Result<json::value> run_setup(const Setup& setup, const RunPlace& place, const RunRequest& request) {
  if (const auto* command = std::get_if<CommandSetup>(&setup)) return run_command(*command, place);
  if (const auto* server = std::get_if<ServerSetup>(&setup)) return run_served(*server, place, request);
  return run_scenario(std::get<ScenarioSetup>(setup), place, request.repeat);
}

}  // namespace loci::lab
