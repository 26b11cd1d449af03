// Memory or a disk that forgets: checksums find it, and what was lost is computed again.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).damage_copies(t.spec.amount);
}

void end(const FaultTarget& t) {
  t.fleet.replica(t.spec.replica).damage_copies(0);
}

}  // namespace

const FaultKind fault_corrupt_copies{
    "corrupt-copies",
    "a share of `amount` of the blocks that come back from a replica's host tier is broken",
    0.2,
    0,
    1,
    begin,
    end};

}  // namespace loci::sim
