#include "sched/policies.h"

#include <array>

#include "base/named_table.h"

namespace loci {
namespace {

struct NamedMode {
  std::string_view name;
  PreemptionMode mode;
};

constexpr std::array kModes{NamedMode{"auto", PreemptionMode::kAuto},
                            NamedMode{"recompute", PreemptionMode::kRecompute},
                            NamedMode{"swap", PreemptionMode::kSwap}};

}  // namespace

Result<SchedulingPolicies> find_policies(const PolicyNames& names) {
  LOCI_TRY(const OrderPolicy* order, find_named("scheduling policy", order_policies(), names.order));
  LOCI_TRY(const ChunkPolicy* chunk, find_named("chunking policy", chunk_policies(), names.chunk));
  LOCI_TRY(const PreemptPolicy* preempt, find_named("preemption policy", preempt_policies(), names.preempt));
  LOCI_TRY(const AdmitPolicy* admit, find_named("admission policy", admit_policies(), names.admit));
  return SchedulingPolicies{order->order, chunk->budget, preempt->victim, admit->blocks_needed};
}

Result<PreemptionMode> find_preemption_mode(std::string_view name) {
  LOCI_TRY(const NamedMode* mode, find_named("preemption mode", std::span<const NamedMode>(kModes), name));
  return mode->mode;
}

}  // namespace loci
