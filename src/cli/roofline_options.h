// The flags of the commands that measure the machine's limits.
#pragma once

#include <string>

#include "kernels/roofline.h"
#include <CLI/CLI.hpp>

namespace loci::cli {

/// --seconds and --buffer, or --PREFIXseconds and --PREFIXbuffer; the defaults are those of `options`.
void add_roofline_options(CLI::App& command, const std::string& prefix, kernels::RooflineOptions& options);

}  // namespace loci::cli
