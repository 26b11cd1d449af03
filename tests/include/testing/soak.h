// Random tests run a few rounds in `make test` and very many in `make soak`.
#pragma once

#include <cstdlib>

namespace loci::testing {

/// `quick`, or `soak` where the environment says LOCI_SOAK=1.
inline int rounds(int quick, int soak) {
  const char* value = std::getenv("LOCI_SOAK");
  return value != nullptr && value[0] == '1' ? soak : quick;
}

}  // namespace loci::testing
