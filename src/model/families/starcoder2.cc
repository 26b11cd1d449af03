// StarCoder 2: LayerNorm, RoPE, grouped queries, a plain MLP, biases, a sliding window. Lozhkov et al. 2024.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGeluTanh));
  LOCI_TRY_VOID(b.read_rope());
  if (!b.is_gguf()) {
    LOCI_TRY(const bool bias, b.config.flag_or("use_bias", true));
    b.set_bias(bias, bias, bias);
    b.layout.names.up = "mlp.c_fc";
    b.layout.names.down = "mlp.c_proj";
  }
  return b.read_sliding_window([](int) { return true; });
}

constexpr KeyAlias kAliases[] = {{"layer_norm_eps", "norm_epsilon"}};
constexpr std::string_view kHf[] = {"Starcoder2ForCausalLM"};
constexpr std::string_view kGguf[] = {"starcoder2"};

}  // namespace

const Family kStarcoder2Family{"starcoder2", kHf, kGguf, plan, kAliases};

}  // namespace loci
