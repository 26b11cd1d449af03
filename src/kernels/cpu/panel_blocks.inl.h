// Panels of the formats whose blocks take more than a scale and a shift to read (tensor/formats/ has their
// layouts). They are widened a strip of columns at a time (widen.inl.h) and multiplied from there. The
// interface is that of panel.inl.h.
//
// A stored byte b of a block begins at byte 16 * b of the panel's block, word w (of 4 bytes) at 64 * w from
// the field's begin. In every format a dequantized weight is made by the operations of its
// dequantize_block(): exact products, then at most one rounded addition.
#pragma once

#include <cstddef>

#include "tensor/formats/iq4.h"

namespace loci::kernels {

/// Byte `i` of a field of bytes, one of each row.
template <class Vec>
typename Vec::Words field_byte(const std::byte* field, int i) {
  return Vec::Words::load(field + i / 4 * 64) >> i % 4 * 8;
}

template <class Vec>
struct PanelQ4_1 {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 16 * 20;
  struct Part {
    Vec scale, minimum;
    const std::byte* codes;
    int shift;
    Vec column(int group, int j) const {
      const auto codes_of_four = Vec::Words::load(codes + group * 16) >> shift;
      return fma(scale, Vec::from_words(codes_of_four >> 8 * j & 15), minimum);
    }
  };
  static Part part(const std::byte* block, int index) {
    return {Vec::load_f16(block), Vec::load_f16(block + 16 * 2), block + 16 * 4, 4 * index};
  }
};

/// The five bits of Q5_0 and Q5_1.
template <class Vec>
struct Codes5 {
  const std::byte *high, *codes;
  int index;
  typename Vec::Words code(int group, int j) const {
    const auto low = Vec::Words::load(codes + group * 16) >> 4 * index;
    const auto top = Vec::Words::load(high) >> (16 * index + group);
    return (low >> 8 * j & 15) | (top >> j & 1) << 4;
  }
};

template <class Vec>
struct PanelQ5_0 {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 16 * 22;
  struct Part {
    Vec scale;
    Codes5<Vec> codes;
    Vec column(int group, int j) const { return scale * Vec::from_words(codes.code(group, j) - 16); }
  };
  static Part part(const std::byte* block, int index) {
    return {Vec::load_f16(block), {block + 16 * 2, block + 16 * 6, index}};
  }
};

template <class Vec>
struct PanelQ5_1 {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 16 * 24;
  struct Part {
    Vec scale, minimum;
    Codes5<Vec> codes;
    Vec column(int group, int j) const { return fma(scale, Vec::from_words(codes.code(group, j)), minimum); }
  };
  static Part part(const std::byte* block, int index) {
    return {Vec::load_f16(block), Vec::load_f16(block + 16 * 2), {block + 16 * 4, block + 16 * 8, index}};
  }
};

template <class Vec>
struct PanelQ2_K {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 84;
  struct Part {
    Vec scale, minimum;
    const std::byte* codes;
    int shift;
    Vec column(int group, int j) const {
      const auto codes_of_four = Vec::Words::load(codes + group * 16) >> shift;
      return fms(scale, Vec::from_words(codes_of_four >> 8 * j & 3), minimum);
    }
  };
  static Part part(const std::byte* block, int index) {
    const auto scales = field_byte<Vec>(block, index);
    return {Vec::load_f16(block + 16 * 80) * Vec::from_words(scales & 15),
            Vec::load_f16(block + 16 * 82) * Vec::from_words(scales >> 4 & 15),
            block + 16 * (16 + index / 8 * 32 + index % 2 * 16), index % 8 / 2 * 2};
  }
};

template <class Vec>
struct PanelQ3_K {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 110;
  struct Part {
    Vec scale;
    const std::byte *high, *codes;
    int high_shift, shift;
    Vec column(int group, int j) const {
      const auto low = Vec::Words::load(codes + group * 16) >> shift;
      const auto top = Vec::Words::load(high + group * 16) >> high_shift;
      return scale * Vec::from_words(((low >> 8 * j & 3) | (top >> 8 * j & 1) << 2) - 4);
    }
  };
  static Part part(const std::byte* block, int index) {
    const std::byte* scales = block + 16 * 96;
    const auto low = field_byte<Vec>(scales, index % 8) >> index / 8 * 4 & 15;
    const auto top = field_byte<Vec>(scales, 8 + index % 4) >> index / 4 * 2 & 3;
    return {Vec::load_f16(block + 16 * 108) * Vec::from_words((low | top << 4) - 32),
            block + 16 * (index % 2 * 16), block + 16 * (32 + index / 8 * 32 + index % 2 * 16), index / 2,
            index % 8 / 2 * 2};
  }
};

/// Scale and minimum of a sub-block of Q4_K and Q5_K.
template <class Vec>
struct KScales {
  Vec scale, minimum;
  KScales(const std::byte* block, int index) {
    const std::byte* packed = block + 16 * 4;
    const int i = index % 4;
    const auto first = field_byte<Vec>(packed, i), second = field_byte<Vec>(packed, 4 + i);
    const auto third = field_byte<Vec>(packed, 8 + i);
    const auto s = index < 4 ? first & 63 : (third & 15) | (first >> 6 & 3) << 4;
    const auto m = index < 4 ? second & 63 : (third >> 4 & 15) | (second >> 6 & 3) << 4;
    scale = Vec::load_f16(block) * Vec::from_words(s);
    minimum = Vec::load_f16(block + 16 * 2) * Vec::from_words(m);
  }
};

template <class Vec>
struct PanelQ4_K {
  static constexpr int kColumns = 256, kParts = 8, kBytes = 16 * 144;
  struct Part {
    KScales<Vec> scales;
    const std::byte* codes;
    int shift;
    Vec column(int group, int j) const {
      const auto codes_of_four = Vec::Words::load(codes + group * 16) >> shift;
      return fms(scales.scale, Vec::from_words(codes_of_four >> 8 * j & 15), scales.minimum);
    }
  };
  static Part part(const std::byte* block, int index) {
    return {KScales<Vec>(block, index), block + 16 * (16 + index / 2 * 32), index % 2 * 4};
  }
};

template <class Vec>
struct PanelQ5_K {
  static constexpr int kColumns = 256, kParts = 8, kBytes = 16 * 176;
  struct Part {
    KScales<Vec> scales;
    const std::byte *high, *codes;
    int high_shift, shift;
    Vec column(int group, int j) const {
      const auto low = Vec::Words::load(codes + group * 16) >> shift;
      const auto top = Vec::Words::load(high + group * 16) >> high_shift;
      const auto code = (low >> 8 * j & 15) | (top >> 8 * j & 1) << 4;
      return fms(scales.scale, Vec::from_words(code), scales.minimum);
    }
  };
  static Part part(const std::byte* block, int index) {
    return {KScales<Vec>(block, index), block + 16 * 16, block + 16 * (48 + index / 2 * 32), index,
            index % 2 * 4};
  }
};

template <class Vec>
struct PanelQ6_K {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 210;
  struct Part {
    Vec scale;
    const std::byte *high, *codes;
    int high_shift, shift;
    Vec column(int group, int j) const {
      const auto low = Vec::Words::load(codes + group * 16) >> shift;
      const auto top = Vec::Words::load(high + group * 16) >> high_shift;
      return scale * Vec::from_words(((low >> 8 * j & 15) | (top >> 8 * j & 3) << 4) - 32);
    }
  };
  static Part part(const std::byte* block, int index) {
    const int half = index / 8, quarter = index % 8 / 2, within = index % 2 * 16;
    const auto scale = field_byte<Vec>(block + 16 * 192, index) << 24;  // its sign on top of the word
    return {Vec::load_f16(block + 16 * 208) * Vec::from_words(shift_right_signed(scale, 24)),
            block + 16 * (128 + half * 32 + within), block + 16 * (half * 64 + quarter % 2 * 32 + within),
            quarter * 2, quarter / 2 * 4};
  }
};

/// The 16 values of the IQ4 codes as floats.
struct Iq4Table {
  alignas(64) float values[16];
};
static constexpr Iq4Table kIq4Table = [] {
  Iq4Table table{};
  for (int i = 0; i < 16; ++i) table.values[i] = kIq4Values[static_cast<std::size_t>(i)];
  return table;
}();

template <class Vec>
struct PartIQ4 {
  Vec scale;
  const std::byte* codes;
  int shift;
  Vec column(int group, int j) const {
    const auto codes_of_four = Vec::Words::load(codes + group * 16) >> shift;
    return scale * Vec::look_up(kIq4Table.values, codes_of_four >> 8 * j & 15);
  }
};

template <class Vec>
struct PanelIQ4_NL {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 16 * 18;
  using Part = PartIQ4<Vec>;
  static Part part(const std::byte* block, int index) {
    return {Vec::load_f16(block), block + 16 * 2, 4 * index};
  }
};

template <class Vec>
struct PanelIQ4_XS {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 136;
  using Part = PartIQ4<Vec>;
  static Part part(const std::byte* block, int index) {
    const int k = index / 2;  // the sub-block
    const auto low = field_byte<Vec>(block + 16 * 4, k / 2) >> k % 2 * 4 & 15;
    const auto top = Vec::Words::load_u16(block + 16 * 2) >> 2 * k & 3;
    return {Vec::load_f16(block) * Vec::from_words((low | top << 4) - 32), block + 16 * (8 + 16 * k),
            index % 2 * 4};
  }
};

template <class Vec>
struct PanelInt4 {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 16 * 21;
  struct Part {
    Vec scale;
    typename Vec::Words zero;
    const std::byte* codes;
    int shift;
    Vec column(int group, int j) const {
      const auto codes_of_four = Vec::Words::load(codes + group * 16) >> shift;
      return scale * Vec::from_words((codes_of_four >> 8 * j & 15) - zero);
    }
  };
  static Part part(const std::byte* block, int index) {
    return {Vec::load(reinterpret_cast<const float*>(block)), Vec::Words::load_u8(block + 16 * 4),
            block + 16 * 5, 4 * index};
  }
};

template <class Vec>
struct PanelInt8 {
  static constexpr int kColumns = 32, kParts = 1, kBytes = 16 * 36;
  struct Part {
    Vec scale;
    const std::byte* values;
    Vec column(int group, int j) const { return scale * Vec::from_bytes(values + group * 16, j); }
  };
  static Part part(const std::byte* block, int) {
    return {Vec::load(reinterpret_cast<const float*>(block)), block + 16 * 4};
  }
};

template <class Vec>
struct PanelFp8 {
  static constexpr int kColumns = 32, kParts = 1, kBytes = 16 * 36;
  struct Part {
    Vec scale;
    const std::byte* values;
    Vec column(int group, int j) const { return scale * Vec::load_f8_e4m3(values + (group + j) * 16); }
  };
  static Part part(const std::byte* block, int) {
    return {Vec::load(reinterpret_cast<const float*>(block)), block + 16 * 4};
  }
};

}  // namespace loci::kernels
