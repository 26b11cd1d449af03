#include "base/processors.h"

#include <algorithm>
#include <sched.h>

namespace loci {

int available_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return 1;
  return std::max(1, CPU_COUNT(&mask));
}

}  // namespace loci
