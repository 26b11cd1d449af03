#include "tensor/formats/k_quants_encode.h"

#include "tensor/formats/block_scales.h"

namespace loci {
namespace {

constexpr std::size_t kBlock = 256;
using Codes = std::array<std::uint8_t, kBlock>;

/// The codes 0..highest of all elements.
template <std::size_t Count>
Codes line_codes(const float* in, const Lines<Count>& lines, float highest) {
  constexpr std::size_t kSize = kBlock / Count;
  Codes codes;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const Line line = lines.of(i / kSize);
    const float scaled = (in[i] + line.minimum) * inverse_or_zero(line.scale);
    codes[i] = static_cast<std::uint8_t>(nearest_between(scaled, 0, highest));
  }
  return codes;
}

template <class Values, std::size_t Count>
Codes scaled_codes(const float* in, const Scales<Count>& scales) {
  constexpr std::size_t kSize = kBlock / Count;
  Codes codes;
  for (std::size_t i = 0; i < kBlock; ++i)
    codes[i] = static_cast<std::uint8_t>(Values::stored(in[i] * inverse_or_zero(scales.of(i / kSize))));
  return codes;
}

// The inverses of two_bits(), four_bits() and one_bit() of k_quants.h; `packed` starts as zeros.

void set_two_bits(std::array<std::uint8_t, 64>& packed, std::size_t i, unsigned code) {
  packed[i / 128 * 32 + i % 32] |= static_cast<std::uint8_t>((code & 3u) << 2 * (i % 128 / 32));
}
void set_four_bits(std::array<std::uint8_t, 128>& packed, std::size_t i, unsigned code) {
  packed[i / 64 * 32 + i % 32] |= static_cast<std::uint8_t>((code & 0xFu) << 4 * (i % 64 / 32));
}
void set_one_bit(std::array<std::uint8_t, 32>& packed, std::size_t i, unsigned bit) {
  packed[i % 32] |= static_cast<std::uint8_t>((bit & 1u) << i / 32);
}

/// Six-bit scales and minima as k_scale() and k_minimum() read them.
std::array<std::uint8_t, 12> pack_k_scales(const Lines<8>& lines) {
  std::array<std::uint8_t, 12> packed{};
  const auto put = [&](std::size_t byte, int bits) { packed[byte] |= static_cast<std::uint8_t>(bits); };
  for (std::size_t i = 0; i < 4; ++i) {
    put(i, lines.scale[i] | lines.scale[i + 4] >> 4 << 6);
    put(i + 4, lines.minimum[i] | lines.minimum[i + 4] >> 4 << 6);
    put(i + 8, (lines.scale[i + 4] & 0xF) | (lines.minimum[i + 4] & 0xF) << 4);
  }
  return packed;
}

/// Six-bit scales as q3_k_scale() reads them.
std::array<std::uint8_t, 12> pack_q3_k_scales(const std::array<int, 16>& scales) {
  std::array<std::uint8_t, 12> packed{};
  for (std::size_t i = 0; i < 16; ++i) {
    const auto bits = static_cast<unsigned>(scales[i] + 32);
    packed[i % 8] |= static_cast<std::uint8_t>((bits & 0xFu) << (i < 8 ? 0 : 4));
    packed[8 + i % 4] |= static_cast<std::uint8_t>(bits >> 4 << 2 * (i / 4));
  }
  return packed;
}

}  // namespace

BlockQ2_K quantize_block_q2_k(const float* in) {
  const auto lines = search_lines<15>(SubBlocks<16, 16>(in), 3);
  const Codes codes = line_codes(in, lines, 3);
  BlockQ2_K block{.scales = {}, .codes = {}, .scale = lines.scale_unit, .minimum = lines.minimum_unit};
  for (std::size_t k = 0; k < 16; ++k)
    block.scales[k] = static_cast<std::uint8_t>(lines.scale[k] | lines.minimum[k] << 4);
  for (std::size_t i = 0; i < kBlock; ++i) set_two_bits(block.codes, i, codes[i]);
  return block;
}

BlockQ3_K quantize_block_q3_k(const float* in) {
  using Values = IntegerCodes<-4, 3>;
  const auto scales = search_scales<Values, -32, 31>(SubBlocks<16, 16>(in));
  const Codes codes = scaled_codes<Values>(in, scales);
  BlockQ3_K block{.high = {}, .codes = {}, .scales = pack_q3_k_scales(scales.scale), .scale = scales.unit};
  for (std::size_t i = 0; i < kBlock; ++i) {
    set_two_bits(block.codes, i, codes[i]);
    set_one_bit(block.high, i, codes[i] >> 2u);
  }
  return block;
}

BlockQ4_K quantize_block_q4_k(const float* in) {
  const auto lines = search_lines<63>(SubBlocks<8, 32>(in), 15);
  const Codes codes = line_codes(in, lines, 15);
  BlockQ4_K block{
      .scale = lines.scale_unit, .minimum = lines.minimum_unit, .scales = pack_k_scales(lines), .codes = {}};
  for (std::size_t i = 0; i < kBlock; ++i) set_four_bits(block.codes, i, codes[i]);
  return block;
}

BlockQ5_K quantize_block_q5_k(const float* in) {
  const auto lines = search_lines<63>(SubBlocks<8, 32>(in), 31);
  const Codes codes = line_codes(in, lines, 31);
  BlockQ5_K block{.scale = lines.scale_unit,
                  .minimum = lines.minimum_unit,
                  .scales = pack_k_scales(lines),
                  .high = {},
                  .codes = {}};
  for (std::size_t i = 0; i < kBlock; ++i) {
    set_four_bits(block.codes, i, codes[i]);
    set_one_bit(block.high, i, codes[i] >> 4u);
  }
  return block;
}

BlockQ6_K quantize_block_q6_k(const float* in) {
  using Values = IntegerCodes<-32, 31>;
  const auto scales = search_scales<Values, -128, 127>(SubBlocks<16, 16>(in));
  const Codes codes = scaled_codes<Values>(in, scales);
  BlockQ6_K block{.codes = {}, .high = {}, .scales = {}, .scale = scales.unit};
  for (std::size_t k = 0; k < 16; ++k) block.scales[k] = static_cast<std::int8_t>(scales.scale[k]);
  for (std::size_t i = 0; i < kBlock; ++i) {
    block.codes[i / 128 * 64 + i % 64] |= static_cast<std::uint8_t>((codes[i] & 0xFu) << 4 * (i % 128 / 64));
    set_two_bits(block.high, i, codes[i] >> 4u);
  }
  return block;
}

}  // namespace loci
