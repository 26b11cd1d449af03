#include "tensor/quantized/quant_scheme.h"

#include <array>

#include "tensor/error_context.h"

namespace loci {
namespace {

using Method = QuantScheme::Method;

std::unexpected<Error> in_field(std::string_view key, std::unexpected<Error> error) {
  return in_part("field", fmt::format("quantization_config.{}", key), std::move(error));
}
std::unexpected<Error> unsupported(std::string_view key, const json::value& value) {
  return in_field(key,
                  fail(ErrorCode::kUnsupported, "{} is not supported", printable(json::serialize(value))));
}

/// The first of `keys` that is there, for fields that go by two names.
const json::value* find_any(const json::object& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys)
    if (const json::value* value = find_field(object, key)) return value;
  return nullptr;
}

Result<std::int64_t> integer(const json::value* value, std::string_view key) {
  if (value != nullptr && value->is_int64()) return value->get_int64();
  return in_field(key, fail(ErrorCode::kCorrupt, "missing or not an integer"));
}

/// Refuses a field that is there with anything but one of the strings `wanted`.
Result<> expect_text(const json::object& object, std::string_view key,
                     std::initializer_list<std::string_view> wanted) {
  const json::value* value = find_field(object, key);
  if (value == nullptr) return {};
  for (const std::string_view text : wanted)
    if (value->is_string() && value->get_string() == text) return {};
  return unsupported(key, *value);
}

/// Scales are per block of 32 columns in memory, so that a group has to be of whole blocks.
Result<std::size_t> group_columns(const json::value* value) {
  LOCI_TRY(const std::int64_t size, integer(value, "group_size"));
  if (size == -1) return std::size_t{0};
  if (size <= 0 || size % 32 != 0 || size > 1 << 24)
    return in_field("group_size",
                    fail(ErrorCode::kUnsupported, "{} is not supported (-1 and multiples of 32 are)", size));
  return static_cast<std::size_t>(size);
}

Result<> expect_four_bits(const json::value* bits) {
  LOCI_TRY(const std::int64_t count, integer(bits, "bits"));
  if (count == 4) return {};
  return in_field("bits", fail(ErrorCode::kUnsupported, "{} is not supported (4 is)", count));
}

Result<QuantScheme> gptq(const json::object& config) {
  LOCI_TRY_VOID(expect_four_bits(find_field(config, "bits")));
  LOCI_TRY_VOID(expect_text(config, "checkpoint_format", {"gptq", "gptq_v2"}));
  if (const json::value* marlin = find_field(config, "is_marlin_format");
      marlin && *marlin != json::value(false))
    return unsupported("is_marlin_format", *marlin);
  QuantScheme scheme{.method = Method::kGptq};
  LOCI_TRY(scheme.group_columns, group_columns(find_field(config, "group_size")));
  const json::value* format = find_field(config, "checkpoint_format");
  scheme.zero_offset = format != nullptr && format->get_string() == "gptq_v2" ? 0 : 1;
  return scheme;
}

Result<QuantScheme> awq(const json::object& config) {
  LOCI_TRY_VOID(expect_four_bits(find_any(config, {"bits", "w_bit"})));
  LOCI_TRY_VOID(expect_text(config, "version", {"gemm", "GEMM"}));
  QuantScheme scheme{.method = Method::kAwq};
  LOCI_TRY(scheme.group_columns, group_columns(find_any(config, {"group_size", "q_group_size"})));
  return scheme;
}

/// [rows, columns] of the weight that share a scale.
Result<> read_block(const json::value& value, std::string_view key, QuantScheme& scheme) {
  const json::array* extents = value.if_array();
  if (extents == nullptr || extents->size() != 2)
    return in_field(key, fail(ErrorCode::kCorrupt, "not an array of two sizes"));
  std::array<std::int64_t, 2> sizes;
  for (std::size_t i = 0; i < 2; ++i) {
    LOCI_TRY(sizes[i], integer(&(*extents)[i], key));
  }
  if (sizes[0] <= 0 || sizes[1] <= 0 || sizes[1] % 32 != 0)
    return in_field(
        key, fail(ErrorCode::kUnsupported, "{}x{} is not supported (whole multiples of 32 columns are)",
                  sizes[0], sizes[1]));
  scheme.block_rows = static_cast<std::size_t>(sizes[0]);
  scheme.block_columns = static_cast<std::size_t>(sizes[1]);
  return {};
}

Result<QuantScheme> fp8(const json::object& config) {
  LOCI_TRY_VOID(expect_text(config, "fmt", {"e4m3", "float8_e4m3fn"}));
  QuantScheme scheme{.method = Method::kFp8};
  if (const json::value* block = find_field(config, "weight_block_size"))
    LOCI_TRY_VOID(read_block(*block, "weight_block_size", scheme));
  return scheme;
}

/// Whether a group's activations are signed bytes with a scale for each token. What it leaves out has the
/// defaults of compressed-tensors.
bool scales_tokens(const json::object& group) {
  const json::value* value = find_field(group, "input_activations");
  const json::object* activations = value != nullptr ? value->if_object() : nullptr;
  if (activations == nullptr) return false;
  const auto is = [&](std::string_view key, const json::value& wanted, bool absent) {
    const json::value* field = find_field(*activations, key);
    return field != nullptr ? *field == wanted : absent;
  };
  return is("num_bits", 8, true) && is("type", "int", true) && is("symmetric", true, true) &&
         is("dynamic", true, false) && is("strategy", "token", false);
}

/// One object of "config_groups": which weights it is for follows from the tensors, what they are is said
/// here.
Result<> read_config_group(const json::object& group, QuantScheme& scheme) {
  const json::value* weights = find_field(group, "weights");
  if (weights == nullptr) return {};  // activations only
  const json::object* object = weights->if_object();
  if (object == nullptr) return unsupported("config_groups.weights", *weights);
  LOCI_TRY_VOID(expect_text(*object, "type", {"int", "float"}));
  LOCI_TRY_VOID(expect_text(*object, "strategy", {"tensor", "channel", "group", "block"}));
  const json::value* type = find_field(*object, "type");
  const bool is_float = type != nullptr && type->get_string() == "float";
  LOCI_TRY(const std::int64_t bits,
           integer(find_field(*object, "num_bits"), "config_groups.weights.num_bits"));
  if (bits != 8 && (bits != 4 || is_float)) return unsupported("config_groups.weights.num_bits", bits);
  if (bits == 8 && !is_float && !scales_tokens(group)) scheme.scales_activation_rows = false;
  if (const json::value* block = find_field(*object, "block_structure"))
    LOCI_TRY_VOID(read_block(*block, "config_groups.weights.block_structure", scheme));
  return {};
}

Result<QuantScheme> compressed_tensors(const json::object& config) {
  LOCI_TRY_VOID(expect_text(
      config, "format",
      {"int-quantized", "float-quantized", "pack-quantized", "naive-quantized", "mixed-precision", "dense"}));
  if (const json::value* sparsity = find_field(config, "sparsity_config");
      sparsity && sparsity->is_object()) {
    LOCI_TRY_VOID(expect_text(sparsity->get_object(), "format", {"dense"}));
  }
  QuantScheme scheme{.method = Method::kCompressedTensors};
  const json::value* groups = find_field(config, "config_groups");
  if (groups == nullptr || !groups->is_object())
    return in_field("config_groups", fail(ErrorCode::kCorrupt, "missing or not an object"));
  scheme.scales_activation_rows = true;
  for (const auto& entry : groups->get_object()) {
    const json::object* group = entry.value().if_object();
    if (group == nullptr) return unsupported("config_groups", entry.value());
    LOCI_TRY_VOID(read_config_group(*group, scheme));
  }
  return scheme;
}

struct Entry {
  std::string_view name;
  Result<QuantScheme> (*read)(const json::object&);
};
constexpr Entry kMethods[] = {{"gptq", gptq},
                              {"awq", awq},
                              {"fp8", fp8},
                              {"fbgemm_fp8", fp8},
                              {"compressed-tensors", compressed_tensors}};

}  // namespace

Result<QuantScheme> read_quant_scheme(const json::object& config, std::string_view method_if_absent) {
  const json::value* method = find_field(config, "quant_method");
  if (method != nullptr && !method->is_string()) return unsupported("quant_method", *method);
  const std::string_view name = method != nullptr ? std::string_view(method->get_string()) : method_if_absent;
  for (const Entry& entry : kMethods)
    if (entry.name == name) return entry.read(config);
  return in_field(
      "quant_method",
      fail(ErrorCode::kUnsupported,
           "{} is not supported (gptq, awq, fp8, fbgemm_fp8 and compressed-tensors are)", printable(name)));
}

}  // namespace loci
