// A network that is cut: the replica works on what it has, and nobody hears.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.cut_off(t.spec.replica, true);
}

void end(const FaultTarget& t) {
  t.fleet.cut_off(t.spec.replica, false);
}

}  // namespace

const FaultKind fault_partition{"partition", "nothing comes to a replica or from it", 0, 0, 0, begin, end};

}  // namespace loci::sim
