#include "cli/roofline_options.h"

namespace loci::cli {

void add_roofline_options(CLI::App& command, const std::string& prefix, kernels::RooflineOptions& options) {
  command.add_option("--" + prefix + "seconds", options.seconds, "spent on each of the machine's limits")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 60.0));
  command
      .add_option(
          "--" + prefix + "buffer", options.read_bytes,
          "memory that is read to know its speed, such as 2GB; default: three times the last cache, 1 to "
          "4 GiB, at most a quarter of what is free")
      ->transform(CLI::AsSizeValue(false));
}

}  // namespace loci::cli
