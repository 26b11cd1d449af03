// A tier that is slow.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).slow_copies(t.spec.amount);
}

void end(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).slow_copies(1);
}

}  // namespace

const FaultKind fault_slow_copies{"slow-copies",
                                  "copies to and from a replica's host tier take `amount` times as long",
                                  20,
                                  1,
                                  1e6,
                                  begin,
                                  end};

}  // namespace loci::sim
