// A process that dies: what it computed and cached is gone, nobody is told, and its jobs go on elsewhere.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.fleet.crash(t.spec.replica);
}

void end(const FaultTarget& t) {
  t.fleet.restart(t.spec.replica);
}

}  // namespace

const FaultKind fault_crash{
    "crash", "a replica loses all it holds; it begins anew at the end", 0, 0, 0, begin, end};

}  // namespace loci::sim
