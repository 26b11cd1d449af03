// EXAONE 4: Llama with norms of what attention and MLP return instead of before them, and of each head of
// queries and keys; where there is a sliding window, the layers without one do not rotate. LG AI Research
// 2025.
#include <algorithm>

#include "model/families/family.h"

namespace loci {
namespace {

using kernels::NormKind;

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.llama());
  b.set_query_key_norm(HeadNorm::kEachHead, NormKind::kRms);
  b.norm_behind_branches();
  if (!b.config.has("sliding_window")) return {};
  LOCI_TRY_VOID(b.read_sliding_window([](int i) { return (i + 1) % 4 != 0; }));
  const bool slides =
      std::ranges::any_of(b.spec.layers, [](const LayerSpec& l) { return l.attention.window > 0; });
  b.each_layer([&](LayerSpec& layer, int) {
    if (slides && layer.attention.window == 0) layer.attention.rope = -1;
  });
  return {};
}

constexpr std::string_view kHf[] = {"Exaone4ForCausalLM"};
constexpr std::string_view kGguf[] = {"exaone4"};

}  // namespace

const Family kExaone4Family{"exaone4", kHf, kGguf, plan};

}  // namespace loci
