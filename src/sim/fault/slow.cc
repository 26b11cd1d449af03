// A machine that is throttled, or shared with others.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).slow_down(t.spec.amount);
}

void end(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).slow_down(1);
}

}  // namespace

const FaultKind fault_slow{"slow", "a replica's steps take `amount` times as long", 4, 1, 1e6, begin, end};

}  // namespace loci::sim
