#include "model/families/family.h"

#include <algorithm>
#include <array>

namespace loci {
namespace {

Result<std::string_view> architecture_of(const Checkpoint& checkpoint) {
  if (checkpoint.is_gguf()) return checkpoint.gguf().get<std::string_view>("general.architecture");
  const json::value* list = find_field(checkpoint.hf_config(), "architectures");
  if (list == nullptr || !list->is_array() || list->get_array().empty() || !list->get_array()[0].is_string())
    return fail(ErrorCode::kCorrupt, "config.json: field 'architectures' is missing or not a list of names");
  return std::string_view(list->get_array()[0].get_string());
}

}  // namespace

std::span<const Family> families() {
  static const std::array table{kLlamaFamily};
  return table;
}

Result<ModelPlan> plan_model(const Checkpoint& checkpoint) {
  LOCI_TRY(const std::string_view architecture, architecture_of(checkpoint));
  for (const Family& family : families()) {
    const auto names = checkpoint.is_gguf() ? family.gguf_architectures : family.hf_architectures;
    if (std::ranges::find(names, architecture) == names.end()) continue;
    Result<ModelPlan> plan = checkpoint.is_gguf() ? family.plan_gguf(checkpoint) : family.plan_hf(checkpoint);
    if (!plan)
      return std::unexpected(
          std::move(plan).error().in(checkpoint.is_gguf() ? "GGUF metadata" : "config.json"));
    plan->spec.family = family.name;
    plan->spec.architecture = architecture;
    return plan;
  }
  return fail(ErrorCode::kUnsupported, "architecture '{}' is not supported", architecture);
}

}  // namespace loci
