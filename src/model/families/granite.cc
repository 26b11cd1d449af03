// Granite 3: Llama with multipliers on embeddings, scores, what layers add, and logits. IBM 2024.
#include "model/families/family.h"

namespace loci {
namespace {

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  if (b.is_gguf()) {
    b.layout.rotary_rows = RowOrder::kInterleavedPairs;
  } else {
    LOCI_TRY(const bool attention_bias, b.config.flag_or("attention_bias", false));
    LOCI_TRY(const bool mlp_bias, b.config.flag_or("mlp_bias", false));
    b.set_bias(attention_bias, attention_bias, mlp_bias);
  }
  LOCI_TRY(const double embedding, b.config.number_or("embedding_multiplier", 1));
  LOCI_TRY(const double attention, b.config.number_or("attention_multiplier", 1));
  LOCI_TRY(const double residual, b.config.number_or("residual_multiplier", 1));
  LOCI_TRY(const double logits, b.config.number_or("logits_scaling", 1));
  if (!(logits > 0))
    return fail(ErrorCode::kCorrupt, "{} is {}, must be above 0", b.config.spelled("logits_scaling"), logits);
  b.spec.embedding.scale = static_cast<float>(embedding);
  b.spec.residual_scale = static_cast<float>(residual);
  b.spec.logit_scale = static_cast<float>(1 / logits);
  b.each_layer([&](LayerSpec& layer, int) { layer.attention.scale = static_cast<float>(attention); });
  return {};
}

constexpr std::string_view kHf[] = {"GraniteForCausalLM"};
constexpr std::string_view kGguf[] = {"granite"};

}  // namespace

const Family kGraniteFamily{"granite", kHf, kGguf, plan};

}  // namespace loci
