// A clock that jumps ahead; it never goes back, for clocks of this kind do not.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).skew_clock(to_duration(t.spec.amount));
}

void end(const FaultTarget& t) {
  static_cast<void>(t);
}

}  // namespace

const FaultKind fault_clock_skew{
    "clock-skew", "a replica's clock is `amount` seconds ahead", 60, -1e6, 1e6, begin, end};

}  // namespace loci::sim
