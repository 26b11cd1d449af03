#include "tensor/random/model_shape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/ranges.h>
#include <vector>

namespace loci {
namespace {

constexpr std::string_view kDefaultShape = "bench-0.5b";

// name, hidden, intermediate, layers, heads, kv_heads, head_dim, vocabulary, context, tied
const std::array kShapes{
    ModelShape{"tiny", 256, 512, 2, 4, 2, 64, 512, 2048, true},
    ModelShape{"smollm2-135m", 576, 1536, 30, 9, 3, 64, 49152, 8192, true},
    ModelShape{"bench-0.5b", 1024, 3072, 28, 16, 8, 128, 32000, 32768, false},
    ModelShape{"qwen2.5-0.5b", 896, 4864, 24, 14, 2, 64, 151936, 32768, true},
    ModelShape{"qwen3-0.6b", 1024, 3072, 28, 16, 8, 128, 151936, 40960, true},
    ModelShape{"tinyllama-1.1b", 2048, 5632, 22, 32, 4, 64, 32000, 2048, false},
    ModelShape{"llama-3.2-1b", 2048, 8192, 16, 32, 8, 64, 128256, 131072, true},
    ModelShape{"qwen2.5-1.5b", 1536, 8960, 28, 12, 2, 128, 151936, 32768, true},
    ModelShape{"qwen3-1.7b", 2048, 6144, 28, 16, 8, 128, 151936, 40960, true},
    ModelShape{"qwen2.5-3b", 2048, 11008, 36, 16, 2, 128, 151936, 32768, true},
    ModelShape{"llama-3.2-3b", 3072, 8192, 28, 24, 8, 128, 128256, 131072, true},
    ModelShape{"qwen3-4b", 2560, 9728, 36, 32, 8, 128, 151936, 40960, true},
    ModelShape{"llama-2-7b", 4096, 11008, 32, 32, 32, 128, 32000, 4096, false},
    ModelShape{"mistral-7b", 4096, 14336, 32, 32, 8, 128, 32768, 32768, false},
    ModelShape{"qwen2.5-7b", 3584, 18944, 28, 28, 4, 128, 152064, 32768, false},
    ModelShape{"llama-3.1-8b", 4096, 14336, 32, 32, 8, 128, 128256, 131072, false},
    ModelShape{"qwen3-8b", 4096, 12288, 36, 32, 8, 128, 151936, 40960, false},
    ModelShape{"llama-3.1-70b", 8192, 28672, 80, 64, 8, 128, 128256, 131072, false},
};

struct Key {
  std::string_view name;
  int ModelShape::* field;
  int least, most;
};
constexpr int kLeastVocabulary = 3 + 256 + 1;  // special tokens, every byte, and the product of the one merge
constexpr Key kKeys[] = {
    {"layers", &ModelShape::layers, 1, 1024},
    {"hidden", &ModelShape::hidden, 1, 1 << 17},
    {"ff", &ModelShape::intermediate, 1, 1 << 19},
    {"heads", &ModelShape::heads, 1, 1024},
    {"kv_heads", &ModelShape::kv_heads, 1, 1024},
    {"head_dim", &ModelShape::head_dim, 2, 1024},
    {"vocab", &ModelShape::vocabulary, kLeastVocabulary, 1 << 20},
    {"context", &ModelShape::context, 1, 1 << 24},
};

const ModelShape* find_shape(std::string_view name) {
  const auto shape = std::ranges::find(kShapes, name, &ModelShape::name);
  return shape == kShapes.end() ? nullptr : &*shape;
}

Result<int> parse_number(std::string_view key, std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return fail(ErrorCode::kInvalidArgument, "shape: {} '{}' is no number between {} and {}", key, text,
                least, most);
  return value;
}

Result<> set_key(ModelShape& shape, std::string_view key, std::string_view text) {
  if (key == "tied") {
    LOCI_TRY(const int tied, parse_number(key, text, 0, 1));
    shape.tied = tied == 1;
    return {};
  }
  const auto known = std::ranges::find(kKeys, key, &Key::name);
  if (known == std::end(kKeys)) {
    std::vector<std::string_view> names;
    for (const Key& one : kKeys) names.push_back(one.name);
    return fail(ErrorCode::kInvalidArgument, "shape: '{}' is none of {}, tied", key, fmt::join(names, ", "));
  }
  LOCI_TRY(shape.*known->field, parse_number(key, text, known->least, known->most));
  return {};
}

Result<> check(const ModelShape& shape) {
  if (shape.heads % shape.kv_heads != 0)
    return fail(ErrorCode::kInvalidArgument, "shape: {} heads are no multiple of {} kv_heads", shape.heads,
                shape.kv_heads);
  if (shape.head_dim % 2 != 0)
    return fail(ErrorCode::kInvalidArgument, "shape: head_dim {} is odd, but pairs rotate", shape.head_dim);
  return {};
}

}  // namespace

std::size_t ModelShape::parameters() const {
  const auto number = [](int value) { return static_cast<std::size_t>(value); };
  const std::size_t query = number(heads) * number(head_dim), kv = number(kv_heads) * number(head_dim);
  const std::size_t matrices = 2 * query + 2 * kv + 3 * number(intermediate);
  return number(layers) * number(hidden) * (matrices + 2) +
         number(hidden) * (number(vocabulary) * (tied ? 1 : 2) + 1);
}

std::span<const ModelShape> model_shapes() {
  return kShapes;
}

Result<ModelShape> parse_model_shape(std::string_view text) {
  ModelShape shape = *find_shape(kDefaultShape);
  for (bool first = true; first || !text.empty(); first = false) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = item.find('=');
    if (equals != std::string_view::npos) {
      LOCI_TRY_VOID(set_key(shape, item.substr(0, equals), item.substr(equals + 1)));
      shape.name = fmt::format("{},{}", shape.name, item);
      continue;
    }
    const ModelShape* named = first ? find_shape(item) : nullptr;
    if (named == nullptr) {
      std::vector<std::string_view> names;
      for (const ModelShape& one : kShapes) names.push_back(one.name);
      return fail(ErrorCode::kInvalidArgument, "shape: '{}' is none of {}, and no key=value", item,
                  fmt::join(names, ", "));
    }
    shape = *named;
  }
  LOCI_TRY_VOID(check(shape));
  return shape;
}

}  // namespace loci
