// Llama 1 to 3, Mistral, TinyLlama, Yi and what follows them: RMSNorm before attention and MLP, RoPE,
// grouped-query attention, SwiGLU; biases and a sliding window where the configuration says so. Touvron et
// al. 2023; Jiang et al. 2023 (Mistral).
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
  if (b.is("LlamaForCausalLM") || b.is("LlamaModel")) return {};  // transformers' Llama has none
  return b.read_sliding_window([](int) { return true; }, b.is_gguf() ? 0 : 4096);
}

constexpr std::string_view kHf[] = {"LlamaForCausalLM", "LlamaModel", "MistralForCausalLM", "MistralModel"};
constexpr std::string_view kGguf[] = {"llama"};

}  // namespace

const Family kLlamaFamily{"llama", kHf, kGguf, plan};

}  // namespace loci
