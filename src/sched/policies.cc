#include "sched/policies.h"

#include <algorithm>
#include <array>
#include <string>

namespace loci {
namespace {

struct NamedMode {
  std::string_view name;
  PreemptionMode mode;
};

constexpr std::array kModes{NamedMode{"auto", PreemptionMode::kAuto},
                            NamedMode{"recompute", PreemptionMode::kRecompute},
                            NamedMode{"swap", PreemptionMode::kSwap}};

/// The entry of a table that has this name.
template <class Entry>
Result<const Entry*> find(std::string_view what, std::span<const Entry> table, std::string_view name) {
  const auto where = std::ranges::find(table, name, &Entry::name);
  if (where != table.end()) return &*where;
  std::string known;
  for (const Entry& entry : table) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  return fail(ErrorCode::kInvalidArgument, "{} '{}' is none of: {}", what, name, known);
}

}  // namespace

Result<SchedulingPolicies> find_policies(const PolicyNames& names) {
  LOCI_TRY(const OrderPolicy* order, find("scheduling policy", order_policies(), names.order));
  LOCI_TRY(const ChunkPolicy* chunk, find("chunking policy", chunk_policies(), names.chunk));
  LOCI_TRY(const PreemptPolicy* preempt, find("preemption policy", preempt_policies(), names.preempt));
  LOCI_TRY(const AdmitPolicy* admit, find("admission policy", admit_policies(), names.admit));
  return SchedulingPolicies{order->order, chunk->budget, preempt->victim, admit->blocks_needed};
}

Result<PreemptionMode> find_preemption_mode(std::string_view name) {
  LOCI_TRY(const NamedMode* mode, find("preemption mode", std::span<const NamedMode>(kModes), name));
  return mode->mode;
}

}  // namespace loci
