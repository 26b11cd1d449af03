// Where the time of a step goes: an op table that measures another one.
#pragma once

#include <span>

#include "kernels/ops.h"

namespace loci::kernels {

struct OpTime {
  const char* op;
  long calls;
  double seconds;
};

/// `ops` with a clock around each call: some 50 ns. One table a process: a second call changes what the first
/// measures.
const OpTable& timed(const OpTable& ops);

/// What the ops of the timed table took since the last reset, in the table's order. To be read while none
/// runs.
std::span<const OpTime> op_times();
void reset_op_times();

}  // namespace loci::kernels
