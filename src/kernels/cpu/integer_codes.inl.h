// The formats of a panel (kernels/packed_matrix.h) as integers: 32 columns of its 16 rows at a time, the
// codes as unsigned bytes, four columns a word, as integer dot products take them. What integer_format()
// calls symmetric is brought to a zero of 128, if need be by multiplying codes and dividing the scale by a
// power of two, which is exact; formats with minima keep their codes.
//
// A format reads block `k` of 32 columns of the stored block at `block`: byte b of the stored block stands at
// 16 * b.
#pragma once

#include "kernels/cpu/panel_blocks.inl.h"

namespace loci::kernels {

/// 32 columns of 16 rows. Words 0 to 3 are the first half's, 4 to 7 the second's.
template <class Vec, bool kHasHalves, bool kHasMinimum>
struct IntegerColumns {
  static constexpr bool kHalves = kHasHalves, kMinimum = kHasMinimum;
  static constexpr int kScales = kHasHalves ? 2 : 1;
  typename Vec::Words codes[8];
  Vec scale[kScales];
  Vec minimum[kScales];  // only where the format has them
};

/// The low and the high halves of four words of codes: columns 0 to 15 and 16 to 31.
template <class Vec, class Low, class High>
inline __attribute__((always_inline)) void read_nibbles(const std::byte* codes, typename Vec::Words (&out)[8],
                                                        Low low, High high) {
#pragma GCC unroll 4
  for (int w = 0; w < 4; ++w) {
    const auto word = Vec::Words::load(codes + 64 * w);
    out[w] = low(word);
    out[4 + w] = high(word);
  }
}

static constexpr int kLowNibbles = 0x0F0F0F0F;
static constexpr int kHighNibbles = static_cast<int>(0xF0F0F0F0u);
static constexpr int kByteSigns = static_cast<int>(0x80808080u);

/// Signed bytes.
template <class Vec>
inline __attribute__((always_inline)) void read_bytes(const std::byte* values,
                                                      typename Vec::Words (&out)[8]) {
#pragma GCC unroll 8
  for (int w = 0; w < 8; ++w) out[w] = Vec::Words::load(values + 64 * w) ^ kByteSigns;
}

template <class Vec>
struct IntegersQ8_0 {
  static constexpr int kBlocks = 1, kBytes = 16 * 34;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int, Columns& out) {
    read_bytes<Vec>(block + 16 * 2, out.codes);
    out.scale[0] = Vec::load_f16(block);
  }
};

template <class Vec>
struct IntegersInt8 {
  static constexpr int kBlocks = 1, kBytes = 16 * 36;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int, Columns& out) {
    read_bytes<Vec>(block + 16 * 4, out.codes);
    out.scale[0] = Vec::load(reinterpret_cast<const float*>(block));
  }
};

template <class Vec>
struct IntegersQ4_0 {
  static constexpr int kBlocks = 1, kBytes = 16 * 18;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int, Columns& out) {
    read_nibbles<Vec>(
        block + 16 * 2, out.codes, [](auto word) { return word << 4 & kHighNibbles; },
        [](auto word) { return word & kHighNibbles; });
    out.scale[0] = Vec::load_f16(block) * Vec::splat(1.0f / 16);
  }
};

template <class Vec>
struct IntegersQ4_1 {
  static constexpr int kBlocks = 1, kBytes = 16 * 20;
  using Columns = IntegerColumns<Vec, false, true>;
  static void read(const std::byte* block, int, Columns& out) {
    read_nibbles<Vec>(
        block + 16 * 4, out.codes, [](auto word) { return word & kLowNibbles; },
        [](auto word) { return word >> 4 & kLowNibbles; });
    out.scale[0] = Vec::load_f16(block);
    out.minimum[0] = Vec::load_f16(block + 16 * 2);
  }
};

template <class Vec>
struct IntegersInt4 {
  static constexpr int kBlocks = 1, kBytes = 16 * 21;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int, Columns& out) {
    const auto zero = Vec::Words::load_u8(block + 16 * 4);
    const auto lift = repeat_byte((zero ^ 0xFF) - 127);  // 128 - zero
    read_nibbles<Vec>(
        block + 16 * 5, out.codes, [&](auto word) { return add_bytes(word & kLowNibbles, lift); },
        [&](auto word) { return add_bytes(word >> 4 & kLowNibbles, lift); });
    out.scale[0] = Vec::load(reinterpret_cast<const float*>(block));
  }
};

/// Bits 4w .. 4w + 3 of each word as the bits kTo of four bytes.
template <int kTo, class Words>
inline __attribute__((always_inline)) Words spread_bits(Words bits, int w) {
  const Words four = bits >> 4 * w & 15;
  // Bit i is to stand at 8 * i + kTo: copies at distances of 7 have it there.
  return (four | four << 7 | four << 14 | four << 21) << kTo & (0x01010101 << kTo);
}

template <class Vec>
struct IntegersQ5_0 {
  static constexpr int kBlocks = 1, kBytes = 16 * 22;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int, Columns& out) {
    const auto high = Vec::Words::load(block + 16 * 2);
    read_nibbles<Vec>(
        block + 16 * 6, out.codes, [](auto word) { return word << 3 & 0x78787878; },
        [](auto word) { return word >> 1 & 0x78787878; });
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) out.codes[w] = out.codes[w] | spread_bits<7>(high, w);
    out.scale[0] = Vec::load_f16(block) * Vec::splat(1.0f / 8);
  }
};

template <class Vec>
struct IntegersQ5_1 {
  static constexpr int kBlocks = 1, kBytes = 16 * 24;
  using Columns = IntegerColumns<Vec, false, true>;
  static void read(const std::byte* block, int, Columns& out) {
    const auto high = Vec::Words::load(block + 16 * 4);
    read_nibbles<Vec>(
        block + 16 * 8, out.codes, [](auto word) { return word & kLowNibbles; },
        [](auto word) { return word >> 4 & kLowNibbles; });
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) out.codes[w] = out.codes[w] | spread_bits<4>(high, w);
    out.scale[0] = Vec::load_f16(block);
    out.minimum[0] = Vec::load_f16(block + 16 * 2);
  }
};

template <class Vec>
struct IntegersQ2_K {
  static constexpr int kBlocks = 8, kBytes = 16 * 84;
  using Columns = IntegerColumns<Vec, true, true>;
  static void read(const std::byte* block, int k, Columns& out) {
    const std::byte* codes = block + 16 * (16 + k / 4 * 32);
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) out.codes[w] = Vec::Words::load(codes + 64 * w) >> 2 * (k % 4) & 0x03030303;
    const Vec scale = Vec::load_f16(block + 16 * 80), minimum = Vec::load_f16(block + 16 * 82);
    for (int half = 0; half < 2; ++half) {
      const auto scales = field_byte<Vec>(block, 2 * k + half);
      out.scale[half] = scale * Vec::from_words(scales & 15);
      out.minimum[half] = Vec::zero() - minimum * Vec::from_words(scales >> 4 & 15);
    }
  }
};

template <class Vec>
struct IntegersQ3_K {
  static constexpr int kBlocks = 8, kBytes = 16 * 110;
  using Columns = IntegerColumns<Vec, true, false>;
  static void read(const std::byte* block, int k, Columns& out) {
    const std::byte* codes = block + 16 * (32 + k / 4 * 32);
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) {
      const auto low = Vec::Words::load(codes + 64 * w) >> 2 * (k % 4) & 0x03030303;
      const auto top = Vec::Words::load(block + 64 * w) >> k & 0x01010101;
      out.codes[w] = low << 5 | top << 7;
    }
    for (int half = 0; half < 2; ++half)
      out.scale[half] = PanelQ3_K<Vec>::part(block, 2 * k + half).scale * Vec::splat(1.0f / 32);
  }
};

template <class Vec>
struct IntegersQ4_K {
  static constexpr int kBlocks = 8, kBytes = 16 * 144;
  using Columns = IntegerColumns<Vec, false, true>;
  static void read(const std::byte* block, int k, Columns& out) {
    const std::byte* codes = block + 16 * (16 + k / 2 * 32);
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) out.codes[w] = Vec::Words::load(codes + 64 * w) >> 4 * (k % 2) & kLowNibbles;
    const KScales<Vec> scales(block, k);
    out.scale[0] = scales.scale;
    out.minimum[0] = Vec::zero() - scales.minimum;
  }
};

template <class Vec>
struct IntegersQ5_K {
  static constexpr int kBlocks = 8, kBytes = 16 * 176;
  using Columns = IntegerColumns<Vec, false, true>;
  static void read(const std::byte* block, int k, Columns& out) {
    const std::byte *high = block + 16 * 16, *codes = block + 16 * (48 + k / 2 * 32);
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) {
      const auto low = Vec::Words::load(codes + 64 * w) >> 4 * (k % 2) & kLowNibbles;
      const auto top = Vec::Words::load(high + 64 * w) >> k & 0x01010101;
      out.codes[w] = low | top << 4;
    }
    const KScales<Vec> scales(block, k);
    out.scale[0] = scales.scale;
    out.minimum[0] = Vec::zero() - scales.minimum;
  }
};

template <class Vec>
struct IntegersQ6_K {
  static constexpr int kBlocks = 8, kBytes = 16 * 210;
  using Columns = IntegerColumns<Vec, true, false>;
  static void read(const std::byte* block, int k, Columns& out) {
    const int quarter = k % 4;
    const std::byte* codes = block + 16 * (k / 4 * 64 + quarter % 2 * 32);
    const std::byte* high = block + 16 * (128 + k / 4 * 32);
#pragma GCC unroll 8
    for (int w = 0; w < 8; ++w) {
      const auto low = Vec::Words::load(codes + 64 * w) >> quarter / 2 * 4 & kLowNibbles;
      const auto top = Vec::Words::load(high + 64 * w) >> 2 * quarter & 0x03030303;
      out.codes[w] = low << 2 | top << 6;
    }
    for (int half = 0; half < 2; ++half)
      out.scale[half] = PanelQ6_K<Vec>::part(block, 2 * k + half).scale * Vec::splat(1.0f / 4);
  }
};

/// The 16 values of the IQ4 codes, 128 above the true ones.
struct Iq4Bytes {
  alignas(16) std::uint8_t values[16];
};
static constexpr Iq4Bytes kIq4Bytes = [] {
  Iq4Bytes table{};
  for (int i = 0; i < 16; ++i)
    table.values[i] = static_cast<std::uint8_t>(kIq4Values[static_cast<std::size_t>(i)] + 128);
  return table;
}();

template <class Vec>
inline __attribute__((always_inline)) void read_iq4(const std::byte* codes, typename Vec::Words (&out)[8]) {
  read_nibbles<Vec>(
      codes, out, [](auto word) { return look_up_bytes(kIq4Bytes.values, word & kLowNibbles); },
      [](auto word) { return look_up_bytes(kIq4Bytes.values, word >> 4 & kLowNibbles); });
}

template <class Vec>
struct IntegersIQ4_NL {
  static constexpr int kBlocks = 1, kBytes = 16 * 18;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int, Columns& out) {
    read_iq4<Vec>(block + 16 * 2, out.codes);
    out.scale[0] = Vec::load_f16(block);
  }
};

template <class Vec>
struct IntegersIQ4_XS {
  static constexpr int kBlocks = 8, kBytes = 16 * 136;
  using Columns = IntegerColumns<Vec, false, false>;
  static void read(const std::byte* block, int k, Columns& out) {
    read_iq4<Vec>(block + 16 * (8 + 16 * k), out.codes);
    out.scale[0] = PanelIQ4_XS<Vec>::part(block, 2 * k).scale;
  }
};

}  // namespace loci::kernels
