// Phi 3 and 4: Llama with fused projections, LongRoPE and a sliding window. Abdin et al. 2024.
#include "model/families/family.h"

namespace loci {
namespace {

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  b.layout.query_key_value = FusedOrder::kBlocks;
  b.layout.fused_gate_up = true;
  if (!b.is_gguf()) {
    b.layout.names.query_key_value = "self_attn.qkv_proj";
    b.layout.names.up = b.layout.names.gate_up = "mlp.gate_up_proj";
  }
  return b.read_sliding_window([](int) { return true; });
}

constexpr std::string_view kHf[] = {"Phi3ForCausalLM"};
constexpr std::string_view kGguf[] = {"phi3"};

}  // namespace

const Family kPhi3Family{"phi3", kHf, kGguf, plan};

}  // namespace loci
