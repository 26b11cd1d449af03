#include "lab/run.h"

#include <algorithm>

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

Result<json::value> run_scenario(const ScenarioSetup& setup, const RunPlace& place, int repeat) {
  if (!place.simulate) return fail(ErrorCode::kUnsupported, "this program has no simulator");
  TomlFile scenario = setup.scenario;
  std::get<TomlValue::Table>(scenario.root.value)
      .try_emplace("seed", TomlValue{.value = std::int64_t{repeat}, .line = scenario.root.line});
  LOCI_TRY(json::object report, place.simulate(scenario));
  return json::value(std::move(report));
}

}  // namespace

Result<json::value> run_setup(const Setup& setup, const RunPlace& place, const RunRequest& request) {
  if (const auto* command = std::get_if<CommandSetup>(&setup)) return run_command(*command, place);
  if (const auto* server = std::get_if<ServerSetup>(&setup)) return run_served(*server, place, request);
  return run_scenario(std::get<ScenarioSetup>(setup), place, request.repeat);
}

}  // namespace loci::lab
