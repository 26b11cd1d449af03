// Scenarios as TOML. Every key is checked: an unknown one, an impossible size or a missing file is an error
// that names file, line and key (base/toml_reader.h). docs/simulator.md lists the keys.
#pragma once

#include "base/toml_file.h"
#include "sim/simulation.h"

namespace loci::sim {

/// Files that it names are looked for beside it, in `folder`.
Result<Scenario> read_scenario(const TomlFile& file, const std::filesystem::path& folder);

}  // namespace loci::sim
