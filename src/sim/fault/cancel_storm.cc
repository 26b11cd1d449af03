// Clients that give up together: a page is reloaded, a proxy restarts.
#include "sim/fault/fault.h"

namespace loci::sim {
namespace {

void begin(const FaultTarget& t) {
  t.clients.cancel_some(t.spec.amount);
}

void end(const FaultTarget& t) {
  static_cast<void>(t);
}

}  // namespace

const FaultKind fault_cancel_storm{
    "cancel-storm", "a share of `amount` of all clients goes away at once", 0.5, 0, 1, begin, end};

}  // namespace loci::sim
