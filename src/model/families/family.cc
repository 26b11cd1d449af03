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
#define LOCI_FAMILY(name) name,
  static const std::array table{
#include "model/families/table.inc"
  };
#undef LOCI_FAMILY
  return table;
}

Result<ModelPlan> plan_model(const Checkpoint& checkpoint, PlanOptions options) {
  LOCI_TRY(const std::string_view architecture, architecture_of(checkpoint));
  for (const Family& family : families()) {
    const auto names = checkpoint.is_gguf() ? family.gguf_architectures : family.hf_architectures;
    if (std::ranges::find(names, architecture) == names.end()) continue;
    PlanBuilder builder(checkpoint, options);
    builder.spec.family = family.name;
    builder.spec.architecture = architecture;
    builder.config.add_aliases(family.aliases);
    Result<> planned = family.plan(builder);
    if (planned) planned = builder.read_causal();
    if (!planned)
      return std::unexpected(
          std::move(planned).error().in(checkpoint.is_gguf() ? "GGUF metadata" : "config.json"));
    LOCI_TRY(ModelSources sources, make_sources(checkpoint, builder.spec, builder.layout));
    return ModelPlan{std::move(builder.spec), std::move(sources)};
  }
  return fail(ErrorCode::kUnsupported, "architecture '{}' is not supported", architecture);
}

}  // namespace loci
