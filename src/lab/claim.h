// A claim: a technique's experiment as data. One file claims/<id>.toml names a workload, a baseline and a
// treatment that differ in the technique alone, a metric, and the direction that must hold; beside it the
// paper's figure and the regime in which the technique loses. docs/cli.md (claim) has the schema.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/toml_reader.h"

namespace loci::lab {

/// A model that the runner makes (`loci make-model`) and keeps; an empty shape: the embedded one.
struct ModelChoice {
  std::string shape{}, format{};
  bool operator==(const ModelChoice&) const = default;
};

/// `loci COMMAND [MODEL] FLAGS...`, which prints JSON.
struct CommandSetup {
  std::vector<std::string> arguments{};  // "bench", "kernels", "--filter=..."
  std::optional<ModelChoice> model{};
};

/// `loci serve`, and `loci bench serve` on it; a fresh server for every run.
struct ServerSetup {
  ModelChoice model{};
  std::vector<std::string> serve{}, bench{};           // flags
  std::vector<std::vector<std::string>> prepare{};     // loads before the measured one, one after the other
  std::vector<std::vector<std::string>> background{};  // loads beside it, ended with it
};

/// The largest workload.rate in [from, to], to 2 %, at which `metric` is at most `at_most`.
struct CapacitySearch {
  double from = 0, to = 0;  // requests/s
  std::string metric{};
  double at_most = 0;
};

/// A scenario of the simulator; `seed` of the run is set by the runner.
struct ScenarioSetup {
  TomlFile scenario{};
  std::optional<CapacitySearch> capacity{};
};

using Setup = std::variant<CommandSetup, ServerSetup, ScenarioSetup>;

struct Side {
  std::string words;  // what it is
  Setup setup{};
};

enum class Direction { kLower, kHigher, kSame };

/// What is compared: a number of a run's JSON, divided by another one if `per` is given.
struct Metric {
  std::string path{}, per{}, unit{};  // "p99_ttft_ms", "server.vllm:num_preemptions_total"
  std::vector<std::pair<std::string, TomlValue>>
      select{};  // which of several objects: those with these fields
  Direction direction = Direction::kLower;
  double ratio = 1;  // treatment / baseline must be at most (lower) or at least (higher) this; same: within 1
                     // / ratio .. ratio
};

struct Experiment {
  Side baseline, treatment;
  Metric metric;
  int repeats = 6;
};

/// Where the technique does not pay: as an experiment of the opposite direction, or in words.
struct LosingRegime {
  std::string words;
  std::optional<Experiment> experiment{};
  bool other_runs = true;  // false: another number of the claim's own runs
};

struct Claim {
  std::string id, title, layer, kind;      // kind: measured, emulated, simulated
  std::string paper_figure, paper_source;  // what the paper reports, where
  std::string remark{};                    // what is different from the paper's experiment
  Experiment main;
  LosingRegime loses;
  std::uint64_t hash = 0;  // of what is run and compared, not of the words about it
};

/// kInvalidArgument, "FILE:LINE: KEY: ...", where the file is not such a claim. `id` is the file's stem.
Result<Claim> read_claim(const TomlFile& file);
Result<Claim> read_claim_file(const std::filesystem::path& path);

/// All claims of a folder, by id. The first that is wrong is the error.
Result<std::vector<Claim>> read_claims(const std::filesystem::path& folder);

std::string_view name_of(Direction direction);
std::optional<Direction> direction_of(std::string_view name);

}  // namespace loci::lab
