// A scenario's metrics, for the commands that compare them.
#pragma once

#include <filesystem>

#include "base/json.h"
#include "base/toml_file.h"

namespace loci::cli {

/// What the scenario names is looked for in `folder`. kCorrupt where something that must hold did not: such a
/// run is no measurement.
Result<json::object> simulate_file(const TomlFile& file, const std::filesystem::path& folder);

}  // namespace loci::cli
