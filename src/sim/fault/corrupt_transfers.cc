// A wire that changes bytes: a checksum finds it, and the receiver computes instead.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.damage_payloads(t.spec.amount);
}

void end(const FaultTarget& t) {
  t.fleet.damage_payloads(0);
}

}  // namespace

const FaultKind fault_corrupt_transfers{"corrupt-transfers",
                                        "a share of `amount` of the payloads between replicas is broken",
                                        0.2,
                                        0,
                                        1,
                                        begin,
                                        end};

}  // namespace loci::sim
