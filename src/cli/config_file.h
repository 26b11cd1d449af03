// `--config FILE`: flags from a TOML file. Keys are flag names without the leading dashes, with '-' or '_'.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace loci::cli {

/// The arguments with "--config FILE" replaced by the flags of the file, put in front of the other flags so
/// that the command line wins. Errors name file, line and key.
Result<std::vector<std::string>> with_config_file(std::vector<std::string> arguments);

}  // namespace loci::cli
