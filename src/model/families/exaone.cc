// EXAONE 3.0 and 3.5, EXAONE Deep: Llama with GPT-2's names. LG AI Research 2024.
#include "model/families/family.h"

namespace loci {
namespace {

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  if (b.is_gguf()) return {};
  b.layout.roots = {"transformer.", ""};
  b.layout.names = {.embedding = "wte",
                    .output_norm = "ln_f",
                    .layer = "h.{}.",
                    .attention_norm = "ln_1",
                    .query = "attn.attention.q_proj",
                    .key = "attn.attention.k_proj",
                    .value = "attn.attention.v_proj",
                    .attention_output = "attn.attention.out_proj",
                    .mlp_norm = "ln_2",
                    .gate = "mlp.c_fc_0",
                    .up = "mlp.c_fc_1",
                    .down = "mlp.c_proj"};
  return {};
}

constexpr KeyAlias kAliases[] = {{"num_hidden_layers", "num_layers"},
                                 {"rms_norm_eps", "layer_norm_epsilon"},
                                 {"hidden_act", "activation_function"}};
constexpr std::string_view kHf[] = {"ExaoneForCausalLM"};
constexpr std::string_view kGguf[] = {"exaone"};

}  // namespace

const Family kExaoneFamily{"exaone", kHf, kGguf, plan, kAliases};

}  // namespace loci
