#include "tensor/formats/format.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "tensor/formats/half.h"
#include "tensor/formats/q4_0.h"
#include "tensor/formats/q8_0.h"

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
constexpr DTypeTraits block_traits(std::string_view name) {
  return {name, Block::kElements, sizeof(Block)};
}

// In the order of DType.
constexpr std::array kFormats{
    Format{DType::kF32, {"F32", 1, 4}, 0, copy_to_f32, copy_from_f32},
    Format{DType::kF16, {"F16", 1, 2}, 1, widen_row<f16_to_f32>, narrow_row<f32_to_f16>},
    Format{DType::kBF16, {"BF16", 1, 2}, 30, widen_row<bf16_to_f32>, narrow_row<f32_to_bf16>},
    Format{DType::kQ8_0, block_traits<BlockQ8_0>("Q8_0"), 8, dequantize_blocks<BlockQ8_0>,
           quantize_blocks<BlockQ8_0, quantize_block_q8_0>},
    Format{DType::kQ4_0, block_traits<BlockQ4_0>("Q4_0"), 2, dequantize_blocks<BlockQ4_0>,
           quantize_blocks<BlockQ4_0, quantize_block_q4_0>},
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
