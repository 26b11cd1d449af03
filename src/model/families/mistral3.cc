// Mistral Small 3.1 and 3.2 (the text model inside), Ministral 3: Mistral without windows. Ministral 3 was
// trained on YaRN, and makes queries longer beyond the positions that YaRN starts from: texts end there.
#include <algorithm>

#include "model/families/family.h"

namespace loci {
namespace {

struct LongQueries {
  double growth = 0;    // 0: none
  double original = 0;  // positions up to which there is none
};

Result<double> number_in(const json::object& object, std::string_view key) {
  const json::value* value = find_field(object, key);
  if (value == nullptr) return 0.0;
  if (!value->is_number())
    return fail(ErrorCode::kCorrupt, "field 'rope_parameters': '{}' is not a number", key);
  return value->to_number<double>();
}

Result<LongQueries> read_long_queries(const ModelConfig& config) {
  LongQueries queries;
  if (config.is_gguf()) {
    const auto number = [&](std::string_view key) {
      return config.gguf().get_or<double>(config.gguf_key(key), 0);
    };
    LOCI_TRY(queries.growth, number("attention.temperature_scale"));
    LOCI_TRY(queries.original, number("rope.scaling.original_context_length"));
    return queries;
  }
  const json::value* found = find_field(config.json(), "rope_parameters");
  if (found == nullptr) found = find_field(config.json(), "rope_scaling");
  if (found == nullptr || !found->is_object()) return queries;
  LOCI_TRY(queries.growth, number_in(found->get_object(), "llama_4_scaling_beta"));
  LOCI_TRY(queries.original, number_in(found->get_object(), "original_max_position_embeddings"));
  return queries;
}

Result<> limit_context(PlanBuilder& b) {
  LOCI_TRY(const LongQueries queries, read_long_queries(b.config));
  if (queries.growth == 0) return {};
  if (!(queries.original >= 1))
    return fail(ErrorCode::kCorrupt, "queries grow beyond the original context, which is {}",
                queries.original);
  b.spec.context_length = static_cast<int>(std::min<double>(b.spec.context_length, queries.original));
  return {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  LOCI_TRY_VOID(limit_context(b));
  if (b.is_gguf()) {
    b.layout.rotary_rows = RowOrder::kInterleavedPairs;
    return {};
  }
  if (b.is("Mistral3ForConditionalGeneration")) {
    b.layout.roots = {"language_model.model.", "model.language_model."};
    if (b.has_tensor("language_model.lm_head.weight")) b.layout.names.head = "language_model.lm_head";
    b.layout.tied = !b.has_tensor(fmt::format("{}.weight", b.layout.names.head));
  }
  return b.read_sliding_window([](int) { return true; });
}

constexpr std::string_view kHf[] = {"Mistral3ForConditionalGeneration", "Ministral3ForCausalLM"};
constexpr std::string_view kGguf[] = {"mistral3"};

}  // namespace

const Family kMistral3Family{"mistral3", kHf, kGguf, plan};

}  // namespace loci
