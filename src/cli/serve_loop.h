// What `loci serve` does: listen, load, serve until a signal, let running streams finish.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "server/server.h"

namespace loci::cli {

struct ServeOptions {
  ModelOptions model;
  ServerConfig server;
  std::vector<std::string> names;     // --served-model-name; none: the model's own
  std::optional<std::uint64_t> seed;  // of requests that bring none
  std::vector<std::string> tenants;   // --tenant, as written
  double shutdown_seconds = 30;
};

/// Returns when the server has ended in order. The first SIGTERM or SIGINT lets running streams finish within
/// the shutdown timeout, a second one ends the process at once with status 1.
Result<> serve(ServeOptions& options);

}  // namespace loci::cli
