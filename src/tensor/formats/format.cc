#include "tensor/formats/format.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "tensor/formats/half.h"
#include "tensor/formats/iq.h"
#include "tensor/formats/iq4_encode.h"
#include "tensor/formats/k_quants_encode.h"
#include "tensor/formats/q4_0.h"
#include "tensor/formats/q4_1.h"
#include "tensor/formats/q5.h"
#include "tensor/formats/q8_0.h"
#include "tensor/formats/scaled_blocks.h"
#include "tensor/formats/w8a8.h"

namespace loci {
namespace {

void copy_to_f32(const std::byte* source, std::size_t elements, float* destination) {
  std::memcpy(destination, source, elements * sizeof(float));
}
void copy_from_f32(const float* source, std::size_t elements, std::byte* destination) {
  std::memcpy(destination, source, elements * sizeof(float));
}

template <float (*widen)(std::uint16_t)>
void widen_row(const std::byte* source, std::size_t elements, float* destination) {
  for (std::size_t i = 0; i < elements; ++i) {
    std::uint16_t half;
    std::memcpy(&half, source + i * sizeof half, sizeof half);
    destination[i] = widen(half);
  }
}
template <std::uint16_t (*narrow)(float)>
void narrow_row(const float* source, std::size_t elements, std::byte* destination) {
  for (std::size_t i = 0; i < elements; ++i) {
    const std::uint16_t half = narrow(source[i]);
    std::memcpy(destination + i * sizeof half, &half, sizeof half);
  }
}

template <class Block>
void dequantize_blocks(const std::byte* source, std::size_t elements, float* destination) {
  for (std::size_t i = 0; i < elements / Block::kElements; ++i) {
    Block block;
    std::memcpy(&block, source + i * sizeof block, sizeof block);
    dequantize_block(block, destination + i * Block::kElements);
  }
}
template <class Block, Block (*quantize_block)(const float*)>
void quantize_blocks(const float* source, std::size_t elements, std::byte* destination) {
  for (std::size_t i = 0; i < elements / Block::kElements; ++i) {
    const Block block = quantize_block(source + i * Block::kElements);
    std::memcpy(destination + i * sizeof block, &block, sizeof block);
  }
}

template <class Block>
constexpr Format block_format(DType dtype, std::string_view name, std::optional<std::uint32_t> ggml_type) {
  return {dtype, {name, Block::kElements, sizeof(Block)}, ggml_type, dequantize_blocks<Block>, nullptr};
}
template <class Block, Block (*quantize_block)(const float*)>
constexpr Format block_format(DType dtype, std::string_view name, std::optional<std::uint32_t> ggml_type) {
  Format format = block_format<Block>(dtype, name, ggml_type);
  format.quantize = quantize_blocks<Block, quantize_block>;
  return format;
}
/// A type whose numbers are read one by one where they are needed, or not at all.
constexpr Format plain_format(DType dtype, std::string_view name, int bytes,
                              std::optional<std::uint32_t> ggml_type) {
  return {dtype, {name, 1, bytes}, ggml_type, nullptr, nullptr};
}

// In the order of DType.
constexpr std::array kFormats{
    Format{DType::kF32, {"F32", 1, 4}, 0, copy_to_f32, copy_from_f32},
    Format{DType::kF16, {"F16", 1, 2}, 1, widen_row<f16_to_f32>, narrow_row<f32_to_f16>},
    Format{DType::kBF16, {"BF16", 1, 2}, 30, widen_row<bf16_to_f32>, narrow_row<f32_to_bf16>},
    block_format<BlockQ8_0, quantize_block_q8_0>(DType::kQ8_0, "Q8_0", 8),
    block_format<BlockQ4_0, quantize_block_q4_0>(DType::kQ4_0, "Q4_0", 2),
    block_format<BlockQ4_1, quantize_block_q4_1>(DType::kQ4_1, "Q4_1", 3),
    block_format<BlockQ5_0, quantize_block_q5_0>(DType::kQ5_0, "Q5_0", 6),
    block_format<BlockQ5_1, quantize_block_q5_1>(DType::kQ5_1, "Q5_1", 7),
    block_format<BlockQ2_K, quantize_block_q2_k>(DType::kQ2_K, "Q2_K", 10),
    block_format<BlockQ3_K, quantize_block_q3_k>(DType::kQ3_K, "Q3_K", 11),
    block_format<BlockQ4_K, quantize_block_q4_k>(DType::kQ4_K, "Q4_K", 12),
    block_format<BlockQ5_K, quantize_block_q5_k>(DType::kQ5_K, "Q5_K", 13),
    block_format<BlockQ6_K, quantize_block_q6_k>(DType::kQ6_K, "Q6_K", 14),
    block_format<BlockIQ4_NL, quantize_block_iq4_nl>(DType::kIQ4_NL, "IQ4_NL", 20),
    block_format<BlockIQ4_XS, quantize_block_iq4_xs>(DType::kIQ4_XS, "IQ4_XS", 23),
    block_format<BlockIQ1_S>(DType::kIQ1_S, "IQ1_S", 19),
    block_format<BlockIQ1_M>(DType::kIQ1_M, "IQ1_M", 29),
    block_format<BlockIQ2_XXS>(DType::kIQ2_XXS, "IQ2_XXS", 16),
    block_format<BlockIQ2_XS>(DType::kIQ2_XS, "IQ2_XS", 17),
    block_format<BlockIQ2_S>(DType::kIQ2_S, "IQ2_S", 22),
    block_format<BlockIQ3_XXS>(DType::kIQ3_XXS, "IQ3_XXS", 18),
    block_format<BlockIQ3_S>(DType::kIQ3_S, "IQ3_S", 21),
    block_format<BlockInt4>(DType::kInt4, "INT4", std::nullopt),
    block_format<BlockInt8>(DType::kInt8, "INT8", std::nullopt),
    block_format<BlockFp8>(DType::kFp8, "FP8", std::nullopt),
    Format{DType::kW8A8,
           {"W8A8", kW8A8Block, kW8A8Block, sizeof(float)},
           std::nullopt,
           dequantize_row_w8a8,
           quantize_row_w8a8},
    plain_format(DType::kF64, "F64", 8, 28),
    plain_format(DType::kI8, "I8", 1, 24),
    plain_format(DType::kI16, "I16", 2, 25),
    plain_format(DType::kI32, "I32", 4, 26),
    plain_format(DType::kI64, "I64", 8, 27),
    plain_format(DType::kU8, "U8", 1, std::nullopt),
    plain_format(DType::kBool, "BOOL", 1, std::nullopt),
    plain_format(DType::kF8_E4M3, "F8_E4M3", 1, std::nullopt),
};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kFormats.size(); ++i)
    if (static_cast<std::size_t>(kFormats[i].dtype) != i) return false;
  return true;
}
static_assert(in_enum_order());

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

const Format& format_of(DType dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  LOCI_CHECK(index < kFormats.size());
  return kFormats[index];
}

std::optional<DType> dtype_from_ggml_type(std::uint32_t ggml_type) {
  for (const Format& format : kFormats)
    if (format.ggml_type == ggml_type) return format.dtype;
  return std::nullopt;
}

}  // namespace loci
