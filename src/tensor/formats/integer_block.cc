#include "tensor/formats/integer_block.h"

#include <cstring>

#include "base/check.h"
#include "tensor/formats/iq4.h"
#include "tensor/formats/k_quants.h"
#include "tensor/formats/q4_0.h"
#include "tensor/formats/q4_1.h"
#include "tensor/formats/q5.h"
#include "tensor/formats/q8_0.h"
#include "tensor/formats/scaled_blocks.h"

namespace loci {
namespace {

/// 32 elements out of code(i), under one scale and minimum.
template <class Code>
IntegerBlock one_scale(float scale, float minimum, Code code) {
  IntegerBlock block{.codes = {}, .scale = {scale, scale}, .minimum = {minimum, minimum}};
  for (std::size_t i = 0; i < 32; ++i) block.codes[i] = static_cast<std::int16_t>(code(i));
  return block;
}

/// Four bits of element `i` of 32, where the halves of byte j are elements j and j + 16.
int nibble(const std::array<std::uint8_t, 16>& codes, std::size_t i) {
  return codes[i % 16] >> (i < 16 ? 0 : 4) & 0xF;
}

// read_block(block, k): the elements 32k to 32k + 31 of a stored block.

IntegerBlock read_block(const BlockQ8_0& block, std::size_t) {
  return one_scale(f16_to_f32(block.scale), 0, [&](std::size_t i) { return block.values[i]; });
}
IntegerBlock read_block(const BlockQ4_0& block, std::size_t) {
  return one_scale(f16_to_f32(block.scale), 0, [&](std::size_t i) { return nibble(block.codes, i) - 8; });
}
IntegerBlock read_block(const BlockQ4_1& block, std::size_t) {
  return one_scale(f16_to_f32(block.scale), f16_to_f32(block.minimum),
                   [&](std::size_t i) { return nibble(block.codes, i); });
}
IntegerBlock read_block(const BlockQ5_0& block, std::size_t) {
  const auto codes = q5_codes(block);
  return one_scale(f16_to_f32(block.scale), 0, [&](std::size_t i) { return codes[i] - 16; });
}
IntegerBlock read_block(const BlockQ5_1& block, std::size_t) {
  const auto codes = q5_codes(block);
  return one_scale(f16_to_f32(block.scale), f16_to_f32(block.minimum),
                   [&](std::size_t i) { return codes[i]; });
}
IntegerBlock read_block(const BlockQ2_K& block, std::size_t k) {
  IntegerBlock read = one_scale(0, 0, [&](std::size_t i) { return two_bits(block.codes, 32 * k + i); });
  for (std::size_t half = 0; half < 2; ++half) {
    const int scales = block.scales[2 * k + half];
    read.scale[half] = f16_to_f32(block.scale) * static_cast<float>(scales & 0xF);
    read.minimum[half] = -(f16_to_f32(block.minimum) * static_cast<float>(scales >> 4));
  }
  return read;
}
IntegerBlock read_block(const BlockQ3_K& block, std::size_t k) {
  IntegerBlock read = one_scale(0, 0, [&](std::size_t i) {
    return (two_bits(block.codes, 32 * k + i) | one_bit(block.high, 32 * k + i) << 2) - 4;
  });
  for (std::size_t half = 0; half < 2; ++half)
    read.scale[half] = f16_to_f32(block.scale) * static_cast<float>(q3_k_scale(block.scales, 2 * k + half));
  return read;
}
template <class Block, class Code>
IntegerBlock read_k_block(const Block& block, std::size_t k, Code code) {
  const float scale = f16_to_f32(block.scale) * static_cast<float>(k_scale(block.scales, k));
  const float minimum = f16_to_f32(block.minimum) * static_cast<float>(k_minimum(block.scales, k));
  return one_scale(scale, -minimum, [&](std::size_t i) { return code(32 * k + i); });
}
IntegerBlock read_block(const BlockQ4_K& block, std::size_t k) {
  return read_k_block(block, k, [&](std::size_t i) { return four_bits(block.codes, i); });
}
IntegerBlock read_block(const BlockQ5_K& block, std::size_t k) {
  return read_k_block(block, k,
                      [&](std::size_t i) { return four_bits(block.codes, i) | one_bit(block.high, i) << 4; });
}
IntegerBlock read_block(const BlockQ6_K& block, std::size_t k) {
  IntegerBlock read = one_scale(0, 0, [&](std::size_t j) {
    const std::size_t i = 32 * k + j;
    const int low = block.codes[i / 128 * 64 + i % 64] >> 4 * (i % 128 / 64) & 0xF;
    return (low | two_bits(block.high, i) << 4) - 32;
  });
  for (std::size_t half = 0; half < 2; ++half)
    read.scale[half] = f16_to_f32(block.scale) * static_cast<float>(block.scales[2 * k + half]);
  return read;
}
IntegerBlock read_block(const BlockIQ4_NL& block, std::size_t) {
  return one_scale(f16_to_f32(block.scale), 0, [&](std::size_t i) {
    return kIq4Values[static_cast<std::size_t>(nibble(block.codes, i))];
  });
}
IntegerBlock read_block(const BlockIQ4_XS& block, std::size_t k) {
  std::array<std::uint8_t, 16> codes;
  std::memcpy(codes.data(), block.codes.data() + 16 * k, codes.size());
  const int low = block.low_scales[k / 2] >> (k % 2 * 4) & 0xF, high = block.high_scales >> (2 * k) & 3;
  return one_scale(f16_to_f32(block.scale) * static_cast<float>((low | high << 4) - 32), 0,
                   [&](std::size_t i) { return kIq4Values[static_cast<std::size_t>(nibble(codes, i))]; });
}
IntegerBlock read_block(const BlockInt4& block, std::size_t) {
  return one_scale(static_cast<float>(block.scale), 0,
                   [&](std::size_t i) { return nibble(block.codes, i) - block.zero; });
}
IntegerBlock read_block(const BlockInt8& block, std::size_t) {
  return one_scale(static_cast<float>(block.scale), 0, [&](std::size_t i) { return block.values[i]; });
}

template <class Block>
void read_blocks(const std::byte* source, std::size_t elements, IntegerBlock* out) {
  for (std::size_t done = 0; done < elements; done += Block::kElements, source += sizeof(Block)) {
    Block block;
    std::memcpy(&block, source, sizeof block);
    for (std::size_t k = 0; k < Block::kElements / 32; ++k) *out++ = read_block(block, k);
  }
}

struct Entry {
  DType dtype;
  IntegerFormat format;
  void (*read)(const std::byte*, std::size_t, IntegerBlock*);
};
constexpr IntegerFormat kPlain{.halves = false, .minimum = false}, kMinimum{.halves = false, .minimum = true};
constexpr IntegerFormat kHalves{.halves = true, .minimum = false}, kBoth{.halves = true, .minimum = true};
constexpr Entry kEntries[] = {
    {DType::kQ8_0, kPlain, read_blocks<BlockQ8_0>},     {DType::kQ4_0, kPlain, read_blocks<BlockQ4_0>},
    {DType::kQ4_1, kMinimum, read_blocks<BlockQ4_1>},   {DType::kQ5_0, kPlain, read_blocks<BlockQ5_0>},
    {DType::kQ5_1, kMinimum, read_blocks<BlockQ5_1>},   {DType::kQ2_K, kBoth, read_blocks<BlockQ2_K>},
    {DType::kQ3_K, kHalves, read_blocks<BlockQ3_K>},    {DType::kQ4_K, kMinimum, read_blocks<BlockQ4_K>},
    {DType::kQ5_K, kMinimum, read_blocks<BlockQ5_K>},   {DType::kQ6_K, kHalves, read_blocks<BlockQ6_K>},
    {DType::kIQ4_NL, kPlain, read_blocks<BlockIQ4_NL>}, {DType::kIQ4_XS, kPlain, read_blocks<BlockIQ4_XS>},
    {DType::kInt4, kPlain, read_blocks<BlockInt4>},     {DType::kInt8, kPlain, read_blocks<BlockInt8>},
};

const Entry* find(DType dtype) {
  for (const Entry& entry : kEntries)
    if (entry.dtype == dtype) return &entry;
  return nullptr;
}

}  // namespace

const IntegerFormat* integer_format(DType dtype) {
  const Entry* entry = find(dtype);
  return entry != nullptr ? &entry->format : nullptr;
}

void read_integer_blocks(DType dtype, const std::byte* source, std::size_t elements, IntegerBlock* blocks) {
  const Entry* entry = find(dtype);
  LOCI_CHECK(entry != nullptr);
  entry->read(source, elements, blocks);
}

}  // namespace loci
