// Policy-free trouble: what befalls a fleet at a time of the scenario's choosing, and ends again. After the
// last fault has ended, everything that was accepted must come to its end (sim/checks.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sim/clients.h"
#include "sim/fleet.h"

namespace loci::sim {

struct FaultSpec {
  std::string kind;
  int replica = 0;    // of those that befall one
  double at = 0;      // seconds
  double lasts = 10;  // seconds
  double amount = 0;  // a factor, a share, seconds: as the kind says; 0: its own default
};

struct FaultTarget {
  Fleet& fleet;
  Clients& clients;
  const FaultSpec& spec;
};

struct FaultKind {
  std::string_view name;
  std::string_view what;  // a line for users, with what `amount` is
  double amount;          // where the scenario names none
  double least, most;     // that it may be
  void (*begin)(const FaultTarget& target);
  void (*end)(const FaultTarget& target);
};

std::span<const FaultKind> fault_kinds();
Result<> validate(const FaultSpec& spec, int replicas);
/// Plans its begin and its end.
void plan_fault(const FaultSpec& spec, Fleet& fleet, Clients& clients, EventQueue& queue);

extern const FaultKind fault_crash, fault_slow, fault_partition, fault_drain, fault_corrupt_copies,
    fault_slow_copies, fault_corrupt_transfers, fault_clock_skew, fault_cancel_storm;

}  // namespace loci::sim
