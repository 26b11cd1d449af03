#include "sim/fault/fault.h"

#include <array>

#include "base/named_table.h"

namespace loci::sim {
std::span<const FaultKind> fault_kinds() {
  static const std::array kinds{
      fault_crash,          fault_slow,        fault_partition,         fault_drain,
      fault_corrupt_copies, fault_slow_copies, fault_corrupt_transfers, fault_clock_skew,
      fault_cancel_storm};
  return kinds;
}

Result<> validate(const FaultSpec& spec, int replicas) {
  LOCI_TRY(const FaultKind* kind, find_named("fault", fault_kinds(), spec.kind));
  if (spec.replica < 0 || spec.replica >= replicas)
    return fail(ErrorCode::kInvalidArgument, "replica {} is none of 0..{}", spec.replica, replicas - 1);
  if (spec.amount != 0 && !(spec.amount >= kind->least && spec.amount <= kind->most))
    return fail(ErrorCode::kInvalidArgument, "an amount of {} of '{}' is not in {}..{}", spec.amount,
                spec.kind, kind->least, kind->most);
  return {};
}

void plan_fault(const FaultSpec& asked, Fleet& fleet, Clients& clients, EventQueue& queue) {
  const FaultKind& kind = **find_named("fault", fault_kinds(), asked.kind);
  FaultSpec spec = asked;
  if (spec.amount == 0) spec.amount = kind.amount;
  queue.at(Time{} + to_duration(spec.at),
           [&fleet, &clients, kind, spec] { kind.begin({fleet, clients, spec}); });
  queue.at(Time{} + to_duration(spec.at + spec.lasts),
           [&fleet, &clients, kind, spec] { kind.end({fleet, clients, spec}); });
}

}  // namespace loci::sim
