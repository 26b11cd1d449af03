// Compares an implementation of an op with the reference, and times it. `loci bench kernels` is the command.
#pragma once

#include "cli/kernel_cases/kernel_case.h"

namespace loci::cli {

/// Root mean square of the difference between the result of `ops` and that of the reference on the small
/// case, relative to the reference's own. Infinite where one is not finite and the other is.
Result<double> error_beside_reference(const NamedCase& named, const kernels::OpTable& ops, WorkerPool& pool);

struct CallSeconds {
  double median;
  double quickest;  // what the code can do while others leave the machine alone
};

/// Calls for about `seconds` in all. Those that are too short for the clock are timed many at a time.
CallSeconds time_calls(KernelCase& kernel, const kernels::OpTable& ops, WorkerPool& pool, double seconds);

}  // namespace loci::cli
