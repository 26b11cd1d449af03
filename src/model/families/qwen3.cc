// Qwen 3: Llama with RMSNorm on each head of queries and keys. Yang et al. 2025.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::NormKind;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  b.set_query_key_norm(HeadNorm::kEachHead, NormKind::kRms);
  if (!b.is_gguf()) {
    LOCI_TRY(const bool bias, b.config.flag_or("attention_bias", false));
    b.set_bias(bias, bias, false);
  }
  LOCI_TRY(const bool window, b.config.flag_or("use_sliding_window", false));
  if (!window) return {};
  LOCI_TRY(const double first, b.config.number_or("max_window_layers", 28));
  return b.read_sliding_window([&](int i) { return i >= first; }, 4096);
}

constexpr std::string_view kHf[] = {"Qwen3ForCausalLM", "Qwen3Model"};
constexpr std::string_view kGguf[] = {"qwen3"};

}  // namespace

const Family kQwen3Family{"qwen3", kHf, kGguf, plan};

}  // namespace loci
