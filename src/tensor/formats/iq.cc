#include "tensor/formats/iq.h"

#include <bit>

#include "tensor/formats/half.h"
#include "tensor/formats/iq_grids.h"

namespace loci {
namespace {

constexpr std::array<float, 4> kMagnitudes2{8, 25, 43, 0};
constexpr std::array<float, 8> kMagnitudes3Xxs{4, 12, 20, 28, 36, 44, 52, 62};

/// Eight signs from seven bits: the eighth makes the number of negative ones even.
unsigned eight_signs(unsigned seven) {
  return seven | (static_cast<unsigned>(std::popcount(seven)) & 1u) << 7;
}

/// Negated where bit `i` of `signs` is set: without a branch, which would be mispredicted every other time.
float with_sign(float value, unsigned signs, unsigned i) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ (signs >> i & 1u) << 31);
}

/// Eight elements of IQ2: a grid point under a scale.
void put_eight(std::uint16_t point, float scale, unsigned signs, float* out) {
  for (unsigned i = 0; i < 8; ++i) out[i] = with_sign(scale * kMagnitudes2[point >> 2 * i & 3u], signs, i);
}
/// Four elements of IQ3: their magnitudes by index, their signs from bit `first_sign`.
template <class Magnitude>
void put_four(std::uint16_t point, float scale, unsigned signs, Magnitude magnitude, float* out) {
  for (unsigned i = 0; i < 4; ++i) out[i] = with_sign(scale * magnitude(point >> 4 * i & 15u), signs, i);
}
/// Eight elements of IQ1.
void put_shifted(std::uint16_t point, float scale, float shift, float* out) {
  for (unsigned i = 0; i < 8; ++i) out[i] = scale * (static_cast<float>(point >> 2 * i & 3u) - 1.0f + shift);
}

float half_step(unsigned s) {
  return 0.5f + static_cast<float>(s);
}
float odd_step(unsigned s) {
  return static_cast<float>(2 * s + 1);
}
unsigned nibble(unsigned byte, std::size_t i) {
  return byte >> 4 * (i % 2) & 15u;
}

// Elements [32 * part, 32 * part + 32) of a block.

void dequantize_part(const BlockIQ1_S& block, std::size_t part, float* out) {
  const unsigned high = block.high[part];
  const float scale = f16_to_f32(block.scale) * odd_step(high >> 12 & 7u);
  for (std::size_t k = 0; k < 4; ++k) {
    const unsigned code = block.codes[4 * part + k] | (high >> 3 * k & 7u) << 8;
    put_shifted(kIq1Grid[code], scale, high & 0x8000u ? -0.125f : 0.125f, out + 8 * k);
  }
}

void dequantize_part(const BlockIQ1_M& block, std::size_t part, float* out) {
  unsigned scale_bits = 0;
  for (std::size_t i = 0; i < 4; ++i) scale_bits |= (block.scales[i] >> 12u) << 4 * i;
  const float block_scale = f16_to_f32(static_cast<std::uint16_t>(scale_bits));
  for (std::size_t k = 0; k < 4; ++k) {
    const std::size_t sub = 2 * part + k / 2;
    const unsigned high = nibble(block.high[sub], k);
    const float scale = block_scale * odd_step(block.scales[sub / 4] >> 3 * (sub % 4) & 7u);
    put_shifted(kIq1Grid[block.codes[4 * part + k] | (high & 7u) << 8], scale, high & 8u ? -0.125f : 0.125f,
                out + 8 * k);
  }
}

void dequantize_part(const BlockIQ2_XXS& block, std::size_t part, float* out) {
  const std::uint16_t* words = block.codes.data() + 4 * part;
  const std::uint32_t codes = words[0] | std::uint32_t{words[1]} << 16;
  const std::uint32_t signs = words[2] | std::uint32_t{words[3]} << 16;
  const float scale = f16_to_f32(block.scale) * half_step(signs >> 28) * 0.25f;
  for (std::size_t k = 0; k < 4; ++k)
    put_eight(kIq2XxsGrid[codes >> 8 * k & 255u], scale, eight_signs(signs >> 7 * k & 127u), out + 8 * k);
}

void dequantize_part(const BlockIQ2_XS& block, std::size_t part, float* out) {
  for (std::size_t k = 0; k < 4; ++k) {
    const unsigned code = block.codes[4 * part + k];
    const float scale = f16_to_f32(block.scale) * half_step(nibble(block.scales[part], k / 2)) * 0.25f;
    put_eight(kIq2XsGrid[code & 511u], scale, eight_signs(code >> 9), out + 8 * k);
  }
}

void dequantize_part(const BlockIQ2_S& block, std::size_t part, float* out) {
  for (std::size_t k = 0; k < 4; ++k) {
    const unsigned code = block.codes[4 * part + k] | (block.high[part] >> 2 * k & 3u) << 8;
    const float scale = f16_to_f32(block.scale) * half_step(nibble(block.scales[part], k / 2)) * 0.25f;
    put_eight(kIq2SGrid[code], scale, block.signs[4 * part + k], out + 8 * k);
  }
}

void dequantize_part(const BlockIQ3_XXS& block, std::size_t part, float* out) {
  const std::uint32_t word = block.scales[2 * part] | std::uint32_t{block.scales[2 * part + 1]} << 16;
  const float scale = f16_to_f32(block.scale) * half_step(word >> 28) * 0.5f;
  for (std::size_t i = 0; i < 8; ++i) {
    const unsigned signs = eight_signs(word >> 7 * (i / 2) & 127u) >> 4 * (i % 2);
    put_four(
        kIq3XxsGrid[block.codes[8 * part + i]], scale, signs,
        [](unsigned index) { return kMagnitudes3Xxs[index]; }, out + 4 * i);
  }
}

void dequantize_part(const BlockIQ3_S& block, std::size_t part, float* out) {
  const float scale = f16_to_f32(block.scale) * odd_step(nibble(block.scales[part / 2], part));
  for (std::size_t i = 0; i < 8; ++i) {
    const unsigned code = block.codes[8 * part + i] | (block.high[part] >> i & 1u) << 8;
    const unsigned signs = static_cast<unsigned>(block.signs[4 * part + i / 2]) >> 4 * (i % 2);
    put_four(kIq3SGrid[code], scale, signs, odd_step, out + 4 * i);
  }
}

/// A block part by part.
template <class Block>
void dequantize_parts(const Block& block, float* out) {
  for (std::size_t part = 0; part < 8; ++part) dequantize_part(block, part, out + 32 * part);
}

}  // namespace

void dequantize_block(const BlockIQ1_S& block, float* out) {
  dequantize_parts(block, out);
}
void dequantize_block(const BlockIQ1_M& block, float* out) {
  dequantize_parts(block, out);
}
void dequantize_block(const BlockIQ2_XXS& block, float* out) {
  dequantize_parts(block, out);
}
void dequantize_block(const BlockIQ2_XS& block, float* out) {
  dequantize_parts(block, out);
}
void dequantize_block(const BlockIQ2_S& block, float* out) {
  dequantize_parts(block, out);
}
void dequantize_block(const BlockIQ3_XXS& block, float* out) {
  dequantize_parts(block, out);
}
void dequantize_block(const BlockIQ3_S& block, float* out) {
  dequantize_parts(block, out);
}

}  // namespace loci
