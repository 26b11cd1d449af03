#include <cstdio>

#include "kernels/cuda/queue.h"

namespace loci::kernels::cuda {

void fail(Queue& queue, const char* what, const char* why) {
  if (!queue.failed()) std::snprintf(queue.error, sizeof queue.error, "%s: %s", what, why);
}

}  // namespace loci::kernels::cuda
