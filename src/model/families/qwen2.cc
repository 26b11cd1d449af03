// Qwen 2 and 2.5: Llama with biases on queries, keys and values. Yang et al. 2024.
#include "model/families/family.h"

namespace loci {
namespace {

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  b.layout.query_key_value_bias = true;
  LOCI_TRY(const bool window, b.config.flag_or("use_sliding_window", false));
  if (!window) return {};
  LOCI_TRY(const double first, b.config.number_or("max_window_layers", 28));
  return b.read_sliding_window([&](int i) { return i >= first; }, 4096);
}

constexpr std::string_view kHf[] = {"Qwen2ForCausalLM", "Qwen2Model"};
constexpr std::string_view kGguf[] = {"qwen2"};

}  // namespace

const Family kQwen2Family{"qwen2", kHf, kGguf, plan};

}  // namespace loci
