// A replica that is about to be taken away, and stays after all.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.drain(t.spec.replica, true);
}

void end(const FaultTarget& t) {
  t.fleet.drain(t.spec.replica, false);
}

}  // namespace

const FaultKind fault_drain{"drain", "a replica takes nothing new", 0, 0, 0, begin, end};

}  // namespace loci::sim
