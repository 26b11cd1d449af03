// Panels of the IQ types below four bits (tensor/formats/iq.h): a vector of 16 codes gathers 16 grid points,
// whose magnitudes and signs are then taken out by shifting. The interface is that of panel.inl.h.
#pragma once

#include "kernels/cpu/panel_blocks.inl.h"
#include "tensor/formats/iq_grids.h"

namespace loci::kernels {

/// A grid in the width that gathers load.
template <std::size_t kPoints>
struct GatherGrid {
  alignas(64) std::uint32_t points[kPoints];
  constexpr explicit GatherGrid(const std::array<std::uint16_t, kPoints>& grid) : points{} {
    for (std::size_t i = 0; i < kPoints; ++i) points[i] = grid[i];
  }
};
static constexpr GatherGrid kGatherIq1(kIq1Grid);
static constexpr GatherGrid kGatherIq2Xxs(kIq2XxsGrid);
static constexpr GatherGrid kGatherIq2Xs(kIq2XsGrid);
static constexpr GatherGrid kGatherIq2S(kIq2SGrid);
static constexpr GatherGrid kGatherIq3Xxs(kIq3XxsGrid);
static constexpr GatherGrid kGatherIq3S(kIq3SGrid);

alignas(64) static constexpr float kIq2Magnitudes[16] = {8, 25, 43};
alignas(64) static constexpr float kIq3XxsMagnitudes[16] = {4, 12, 20, 28, 36, 44, 52, 62};
alignas(64) static constexpr float kIq3SMagnitudes[16] = {1, 3, 5, 7, 9, 11, 13, 15};

/// Eight signs from seven bits: the eighth makes the number of negative ones even.
template <class Words>
Words eight_signs(Words seven) {
  const Words by_four = seven ^ seven >> 4, by_two = by_four ^ by_four >> 2;
  return seven | ((by_two ^ by_two >> 1) & 1) << 7;
}

/// Element `first` + j of a grid point of eight magnitudes, with its sign from eight bits.
template <class Vec>
Vec iq2_element(Vec scale, typename Vec::Words point, typename Vec::Words signs, int first, int j) {
  const Vec magnitude = Vec::look_up(kIq2Magnitudes, point >> 2 * first >> 2 * j & 3);
  return Vec::with_signs(scale * magnitude, signs >> first << (31 - j));
}

template <class Vec>
Vec half_step(typename Vec::Words s) {
  return Vec::from_words(s) + Vec::splat(0.5f);
}
template <class Vec>
Vec odd_step(typename Vec::Words s) {
  return Vec::from_words(s << 1) + Vec::splat(1);
}

template <class Vec>
struct PanelIQ2_XXS {
  static constexpr int kColumns = 256, kParts = 8, kBytes = 16 * 66;
  struct Part {
    Vec scale;
    typename Vec::Words codes, signs;
    Vec column(int group, int j) const {
      const int k = group / 8;
      const auto point = Vec::Words::gather(kGatherIq2Xxs.points, codes >> 8 * k & 255);
      return iq2_element(scale, point, eight_signs(signs >> 7 * k & 127), group % 8, j);
    }
  };
  static Part part(const std::byte* block, int index) {
    const std::byte* words = block + 16 * 2 + index * 128;
    const auto signs = Vec::Words::load(words + 64);
    return {Vec::load_f16(block) * half_step<Vec>(signs >> 28) * Vec::splat(0.25f), Vec::Words::load(words),
            signs};
  }
};

template <class Vec>
struct PanelIQ2_XS {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 74;
  struct Part {
    Vec scale;
    const std::byte* codes;
    Vec column(int group, int j) const {
      const auto code = Vec::Words::load_u16(codes + group / 8 * 32);
      const auto point = Vec::Words::gather(kGatherIq2Xs.points, code & 511);
      return iq2_element(scale, point, eight_signs(code >> 9), group % 8, j);
    }
  };
  static Part part(const std::byte* block, int index) {
    const auto s = field_byte<Vec>(block + 16 * 66, index / 2) >> index % 2 * 4 & 15;
    return {Vec::load_f16(block) * half_step<Vec>(s) * Vec::splat(0.25f), block + 16 * 2 + index * 64};
  }
};

template <class Vec>
struct PanelIQ2_S {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 82;
  struct Part {
    Vec scale;
    const std::byte *codes, *signs;
    typename Vec::Words high;
    int first;  // of the part's two codes
    Vec column(int group, int j) const {
      const int k = first + group / 8;
      const auto code = (field_byte<Vec>(codes, k) & 255) | (high >> k % 4 * 2 & 3) << 8;
      const auto point = Vec::Words::gather(kGatherIq2S.points, code);
      return iq2_element(scale, point, field_byte<Vec>(signs, k), group % 8, j);
    }
  };
  static Part part(const std::byte* block, int index) {
    const auto s = field_byte<Vec>(block + 16 * 74, index / 2) >> index % 2 * 4 & 15;
    return {Vec::load_f16(block) * half_step<Vec>(s) * Vec::splat(0.25f), block + 16 * 2, block + 16 * 34,
            field_byte<Vec>(block + 16 * 66, index / 2), 2 * index};
  }
};

template <class Vec>
struct PanelIQ3_XXS {
  static constexpr int kColumns = 256, kParts = 8, kBytes = 16 * 98;
  struct Part {
    Vec scale;
    const std::byte* codes;
    typename Vec::Words signs;
    Vec column(int group, int j) const {
      const auto point = Vec::Words::gather(kGatherIq3Xxs.points, field_byte<Vec>(codes, group / 4) & 255);
      const Vec magnitude = Vec::look_up(kIq3XxsMagnitudes, point >> 4 * j & 15);
      const auto eight = eight_signs(signs >> group / 8 * 7 & 127);
      return Vec::with_signs(scale * magnitude, eight >> group % 8 << (31 - j));
    }
  };
  static Part part(const std::byte* block, int index) {
    const auto signs = Vec::Words::load(block + 16 * 66 + index * 64);
    return {Vec::load_f16(block) * half_step<Vec>(signs >> 28) * Vec::splat(0.5f),
            block + 16 * 2 + index * 128, signs};
  }
};

template <class Vec>
struct PanelIQ3_S {
  static constexpr int kColumns = 256, kParts = 8, kBytes = 16 * 110;
  struct Part {
    Vec scale;
    const std::byte* codes;
    typename Vec::Words high, signs;
    Vec column(int group, int j) const {
      const int i = group / 4;
      const auto code = (field_byte<Vec>(codes, i) & 255) | (high >> i & 1) << 8;
      const auto point = Vec::Words::gather(kGatherIq3S.points, code);
      const Vec magnitude = Vec::look_up(kIq3SMagnitudes, point >> 4 * j & 15);
      return Vec::with_signs(scale * magnitude, signs >> group << (31 - j));
    }
  };
  static Part part(const std::byte* block, int index) {
    const auto s = field_byte<Vec>(block + 16 * 106, index / 2) >> index % 2 * 4 & 15;
    return {Vec::load_f16(block) * odd_step<Vec>(s), block + 16 * 2 + index * 128,
            field_byte<Vec>(block + 16 * 66, index), Vec::Words::load(block + 16 * 74 + index * 64)};
  }
};

/// Element `first` + j of eight, each one of -1, 0, 1 plus the group's shift; `sign` is on top of the word.
template <class Vec>
Vec iq1_element(Vec scale, typename Vec::Words point, typename Vec::Words sign, int first, int j) {
  const Vec value = Vec::from_words((point >> 2 * first >> 2 * j & 3) - 1);
  return scale * (value + Vec::with_signs(Vec::splat(0.125f), sign));
}

template <class Vec>
struct PanelIQ1_S {
  static constexpr int kColumns = 256, kParts = 8, kBytes = 16 * 50;
  struct Part {
    Vec scale;
    const std::byte* codes;
    typename Vec::Words high;
    Vec column(int group, int j) const {
      const int k = group / 8;
      const auto code = (field_byte<Vec>(codes, k) & 255) | (high >> 3 * k & 7) << 8;
      return iq1_element(scale, Vec::Words::gather(kGatherIq1.points, code), high << 16, group % 8, j);
    }
  };
  static Part part(const std::byte* block, int index) {
    const auto high = Vec::Words::load_u16(block + 16 * 34 + index * 32);
    return {Vec::load_f16(block) * odd_step<Vec>(high >> 12 & 7), block + 16 * 2 + index * 64, high};
  }
};

template <class Vec>
struct PanelIQ1_M {
  static constexpr int kColumns = 256, kParts = 16, kBytes = 16 * 56;
  struct Part {
    Vec scale;
    const std::byte* codes;
    typename Vec::Words high;
    int first;  // of the part's two codes
    Vec column(int group, int j) const {
      const int k = group / 8;
      const auto four = high >> 4 * k;
      const auto code = (field_byte<Vec>(codes, first + k) & 255) | (four & 7) << 8;
      return iq1_element(scale, Vec::Words::gather(kGatherIq1.points, code), four << 28, group % 8, j);
    }
  };
  static Part part(const std::byte* block, int index) {
    const std::byte* scales = block + 16 * 48;
    const auto quarter = [&](int i) { return Vec::Words::load_u16(scales + i * 32) >> 12; };
    const auto block_scale = quarter(0) | quarter(1) << 4 | quarter(2) << 8 | quarter(3) << 12;
    const auto s = Vec::Words::load_u16(scales + index / 4 * 32) >> index % 4 * 3 & 7;
    return {Vec::from_f16(block_scale) * odd_step<Vec>(s), block, field_byte<Vec>(block + 16 * 32, index),
            2 * index};
  }
};

}  // namespace loci::kernels
