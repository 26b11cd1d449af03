// SmolLM 3: Llama in which every fourth layer has no RoPE (NoPE, Kazemnejad et al. 2023).
#include "model/families/family.h"

namespace loci {
namespace {

/// `no_rope_layers`[i] is 1 where layer i rotates.
Result<> read_no_rope_layers(PlanBuilder& b) {
  LOCI_TRY(const int interval, b.config.extent_or("no_rope_layer_interval", 4));
  const json::value* list = find_field(b.config.json(), "no_rope_layers");
  if (list != nullptr && (!list->is_array() || list->get_array().size() != b.spec.layers.size()))
    return fail(ErrorCode::kCorrupt, "field 'no_rope_layers' is not a list of {} numbers",
                b.spec.layers.size());
  b.each_layer([&](LayerSpec& layer, int i) {
    const bool rotates = list ? list->get_array()[static_cast<std::size_t>(i)] != 0 : (i + 1) % interval != 0;
    if (!rotates) layer.attention.rope = -1;
  });
  return {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  if (b.is_gguf()) {
    b.layout.rotary_rows = RowOrder::kInterleavedPairs;
  } else {
    LOCI_TRY_VOID(b.read_tied(true));
    LOCI_TRY(const bool attention_bias, b.config.flag_or("attention_bias", false));
    LOCI_TRY(const bool mlp_bias, b.config.flag_or("mlp_bias", false));
    b.set_bias(attention_bias, attention_bias, mlp_bias);
  }
  LOCI_TRY_VOID(read_no_rope_layers(b));
  LOCI_TRY(const bool window, b.config.flag_or("use_sliding_window", false));
  if (!window) return {};
  return b.read_sliding_window(
      [&](int i) { return b.spec.layers[static_cast<std::size_t>(i)].attention.rope >= 0; });
}

constexpr std::string_view kHf[] = {"SmolLM3ForCausalLM"};
constexpr std::string_view kGguf[] = {"smollm3"};

}  // namespace

const Family kSmolLm3Family{"smollm3", kHf, kGguf, plan};

}  // namespace loci
