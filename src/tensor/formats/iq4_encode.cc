#include "tensor/formats/iq4_encode.h"

#include "tensor/formats/block_scales.h"

namespace loci {
namespace {

/// The code nearest to x for x in [k / 2, (k + 1) / 2), k from -256 to 255. All boundaries between neighbours
/// of the table are multiples of 1/2, so the interval has one nearest code; a boundary itself goes upwards.
constexpr std::array<std::uint8_t, 512> nearest_codes() {
  std::array<std::uint8_t, 512> nearest{};
  for (int k = -256; k < 256; ++k) {
    std::uint8_t code = 0;
    while (code < 15 && k >= kIq4Values[code] + kIq4Values[code + 1]) ++code;
    nearest[static_cast<std::size_t>(k + 256)] = code;
  }
  return nearest;
}
constexpr auto kNearestCodes = nearest_codes();

constexpr std::array<float, 512> nearest_values() {
  std::array<float, 512> values{};
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = kIq4Values[kNearestCodes[k]];
  return values;
}
constexpr auto kNearestValues = nearest_values();

struct Iq4Codes {
  static constexpr float kLow = -127, kHigh = 113;
  static constexpr float kReach = 16;  // the outermost values lie 23 and 24 from their neighbours

  static unsigned stored(float scaled) { return kNearestCodes[intervals(Float4{} + scaled)[0]]; }
  static Float4 nearest(Float4 scaled) {
    const Int4 k = intervals(scaled);
    return Float4{kNearestValues[k[0]], kNearestValues[k[1]], kNearestValues[k[2]], kNearestValues[k[3]]};
  }

 private:
  using Int4 = std::uint32_t __attribute__((vector_size(16)));
  /// Where in the tables. The sum is not negative, so that the conversion rounds down.
  static Int4 intervals(Float4 x) {
    using Signed = std::int32_t __attribute__((vector_size(16)));
    const Float4 doubled = 2 * clamp4(x, -128, 127) + 256;
    return __builtin_convertvector(__builtin_convertvector(doubled, Signed), Int4);
  }
};

void set_codes(const float* in, float scale, std::uint8_t* codes) {
  const float inverse = inverse_or_zero(scale);
  for (int j = 0; j < 16; ++j)
    codes[j] = static_cast<std::uint8_t>(Iq4Codes::stored(in[j] * inverse) |
                                         Iq4Codes::stored(in[j + 16] * inverse) << 4);
}

}  // namespace

BlockIQ4_NL quantize_block_iq4_nl(const float* in) {
  const SubBlocks<1, 32> elements(in);
  BlockIQ4_NL block{.scale = f32_to_f16(search_scale<Iq4Codes>(elements[0])), .codes = {}};
  set_codes(in, f16_to_f32(block.scale), block.codes.data());
  return block;
}

BlockIQ4_XS quantize_block_iq4_xs(const float* in) {
  const auto scales = search_scales<Iq4Codes, -32, 31>(SubBlocks<8, 32>(in));
  BlockIQ4_XS block{.scale = scales.unit, .high_scales = 0, .low_scales = {}, .codes = {}};
  for (std::size_t k = 0; k < 8; ++k) {
    const auto bits = static_cast<unsigned>(scales.scale[k] + 32);
    block.low_scales[k / 2] |= static_cast<std::uint8_t>((bits & 0xFu) << 4 * (k % 2));
    block.high_scales |= static_cast<std::uint16_t>(bits >> 4 << 2 * k);
    set_codes(in + 32 * k, scales.of(k), block.codes.data() + 16 * k);
  }
  return block;
}

}  // namespace loci
