// Where a command takes its text from: the command line, a file, or standard input.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"

namespace loci::cli {

/// All of standard input, byte for byte. kInvalidArgument where it is a terminal: `wanted` was not given.
Result<std::string> read_standard_input(std::string_view wanted);

/// A file of any size that fits into memory, byte for byte.
Result<std::string> read_whole_file(const std::filesystem::path& path);

}  // namespace loci::cli
