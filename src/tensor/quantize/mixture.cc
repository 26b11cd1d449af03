#include "tensor/quantize/mixture.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/ranges.h>

namespace loci {
namespace {

using enum DType;
using enum Where;

/// Numbers and rules of llama.cpp: enum llama_ftype, llama_tensor_get_type().
const std::vector<Mixture>& mixtures() {
  static const std::vector<Mixture> kMixtures{
      {"F32", 0, kF32, kF32},
      {"F16", 1, kF16, kF16},
      {"BF16", 32, kBF16, kBF16},
      {"Q8_0", 7, kQ8_0, kQ8_0},
      {"Q4_0", 2, kQ4_0, kQ6_K},
      {"Q4_1", 3, kQ4_1, kQ6_K},
      {"Q5_0", 8, kQ5_0, kQ6_K},
      {"Q5_1", 9, kQ5_1, kQ6_K},
      {.name = "Q2_K",
       .file_type = 10,
       .main = kQ2_K,
       .head = kQ6_K,
       .value = {{kQ4_K, kSharedValues}, {kQ3_K, kEverywhere}},
       .down = {{kQ3_K, kEverywhere}},
       .attention_output = {{kQ3_K, kEverywhere}}},
      {"Q3_K_S", 11, kQ3_K, kQ6_K},
      {.name = "Q3_K_M",
       .file_type = 12,
       .main = kQ3_K,
       .head = kQ6_K,
       .value = {{kQ5_K, kFirstTwo}, {kQ4_K, kEverywhere}},
       .down = {{kQ5_K, kFirstSixteenth}, {kQ4_K, kMoreBits}},
       .attention_output = {{kQ4_K, kEverywhere}},
       .query_key_value = {{kQ4_K, kEverywhere}}},
      {.name = "Q3_K_L",
       .file_type = 13,
       .main = kQ3_K,
       .head = kQ6_K,
       .value = {{kQ5_K, kEverywhere}},
       .down = {{kQ5_K, kEverywhere}},
       .attention_output = {{kQ5_K, kEverywhere}},
       .query_key_value = {{kQ4_K, kEverywhere}}},
      {.name = "Q4_K_S",
       .file_type = 14,
       .main = kQ4_K,
       .head = kQ6_K,
       .value = {{kQ5_K, kFirstFour}},
       .down = {{kQ5_K, kFirstEighth}}},
      {.name = "Q4_K_M",
       .file_type = 15,
       .main = kQ4_K,
       .head = kQ6_K,
       .value = {{kQ6_K, kMoreBits}},
       .down = {{kQ6_K, kMoreBits}},
       .query_key_value = {{kQ5_K, kEverywhere}}},
      {"Q5_K_S", 16, kQ5_K, kQ6_K},
      {.name = "Q5_K_M",
       .file_type = 17,
       .main = kQ5_K,
       .head = kQ6_K,
       .value = {{kQ6_K, kMoreBits}},
       .down = {{kQ6_K, kMoreBits}},
       .query_key_value = {{kQ6_K, kEverywhere}}},
      {"Q6_K", 18, kQ6_K, kQ6_K},
      {.name = "IQ4_NL",
       .file_type = 25,
       .main = kIQ4_NL,
       .head = kQ6_K,
       .value = {{kQ5_K, kSharedValues}},
       .down = {{kQ5_K, kFirstEighth}}},
      {.name = "IQ4_XS",
       .file_type = 30,
       .main = kIQ4_XS,
       .head = kQ6_K,
       .value = {{kQ5_K, kSharedValues}},
       .down = {{kQ5_K, kFirstEighth}}},
  };
  return kMixtures;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

bool applies(Where where, const TensorPlace& place, int layer) {
  switch (where) {
    case kEverywhere:
      return true;
    case kMoreBits:
      return gets_more_bits(layer, place.layers);
    case kFirstEighth:
      return layer < place.layers / 8;
    case kFirstSixteenth:
      return layer < place.layers / 16;
    case kFirstTwo:
      return layer < 2;
    case kFirstFour:
      return layer < 4;
    case kSharedValues:
      return place.heads_per_values >= 4;
  }
  return false;
}

DType first_choice(const Mixture& mixture, const std::vector<Mixture::Choice>& choices,
                   const TensorPlace& place) {
  const int layer = layer_of(place.name);
  for (const Mixture::Choice& choice : choices)
    if (layer >= 0 && applies(choice.where, place, layer)) return choice.type;
  return mixture.main;
}

/// The part of a layer's tensor: "ffn_down" of "blk.3.ffn_down.weight", also of "blk.3.ffn_down_exps.weight".
bool is_part(std::string_view name, std::string_view part) {
  const std::size_t begin = name.find(part);
  return begin != name.npos && begin > 0 && name[begin - 1] == '.';
}

}  // namespace

bool gets_more_bits(int layer, int layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

std::vector<std::string_view> mixture_names() {
  std::vector<std::string_view> names;
  for (const Mixture& mixture : mixtures()) names.push_back(mixture.name);
  return names;
}

Result<Mixture> parse_mixture(std::string_view name) {
  const std::string wanted = upper(name);
  for (const std::string& spelling : {wanted, wanted + "_M"})
    for (const Mixture& mixture : mixtures())
      if (mixture.name == spelling) return mixture;
  return fail(ErrorCode::kInvalidArgument, "type '{}' is none of {}", name, fmt::join(mixture_names(), ", "));
}

int layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return -1;
  int layer = -1;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + kPrefix.size(), end, layer);
  return read.ec == std::errc() && read.ptr != end && *read.ptr == '.' ? layer : -1;
}

bool is_quantizable(const TensorPlace& place) {
  constexpr std::array<std::string_view, 5> kKept{"_norm", "position_embd", "token_types", "ffn_gate_inp",
                                                  "rope_freqs"};
  return place.dimensions >= 2 && place.name.ends_with(".weight") &&
         std::ranges::none_of(kKept, [&](std::string_view part) { return place.name.contains(part); });
}

DType type_in_mixture(const Mixture& mixture, const TensorPlace& place) {
  if (place.name == "output.weight" || (place.name == "token_embd.weight" && !place.has_output))
    return mixture.head;
  if (is_part(place.name, "attn_v.")) return first_choice(mixture, mixture.value, place);
  if (is_part(place.name, "ffn_down")) return first_choice(mixture, mixture.down, place);
  if (is_part(place.name, "attn_output")) return first_choice(mixture, mixture.attention_output, place);
  if (is_part(place.name, "attn_qkv")) return first_choice(mixture, mixture.query_key_value, place);
  return mixture.main;
}

DType type_for_width(DType wanted, std::size_t columns) {
  const auto divides = [&](DType type) {
    return columns % static_cast<std::size_t>(traits(type).block_elements) == 0;
  };
  if (divides(wanted)) return wanted;
  DType smaller = kF16;
  switch (wanted) {
    case kQ2_K:
    case kQ3_K:
    case kIQ4_XS:
      smaller = kIQ4_NL;
      break;
    case kQ4_K:
      smaller = kQ5_0;
      break;
    case kQ5_K:
      smaller = kQ5_1;
      break;
    case kQ6_K:
      smaller = kQ8_0;
      break;
    default:
      break;
  }
  return divides(smaller) ? smaller : kF16;
}

}  // namespace loci
