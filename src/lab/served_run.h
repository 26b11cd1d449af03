// A run on a server: `loci serve`, loads on it, its metrics.
#pragma once

#include "lab/run.h"

namespace loci::lab {

Result<json::value> run_served(const ServerSetup& setup, const RunPlace& place, const RunRequest& request);

}  // namespace loci::lab
