// Models of random weights that claims are measured on: made once, kept.
#pragma once

#include "lab/run.h"

namespace loci::lab {

/// The file of this model below `place.models`; makes it if it is not there.
Result<std::string> made_model(const ModelChoice& choice, const RunPlace& place);

}  // namespace loci::lab
