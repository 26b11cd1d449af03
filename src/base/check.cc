#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace loci {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "loci: check failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace loci
