// The formats of a panel (kernels/packed_matrix.h), read sixteen dequantized weights at a time. Here those
// that the multiplications read straight into registers; panel_blocks.inl.h has the others.
//
// A format has blocks of kColumns columns in kBytes bytes, walked in kParts parts of equal length (in Q4_0 a
// part is one half of the bytes). `Part` holds what its columns share, the scales; column(group, j) is column
// part * kColumns / kParts + group + j of the block, where group is a multiple of 4 and j < 4 a constant once
// unrolled.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace loci::kernels {

template <class Vec>
struct PanelF32 {
  static constexpr int kColumns = 1, kParts = 1, kBytes = 64;
  struct Part {
    const std::byte* data;
    Vec column(int, int) const { return Vec::load(reinterpret_cast<const float*>(data)); }
  };
  static Part part(const std::byte* block, int) { return {block}; }
};

template <class Vec>
struct PanelF16 {
  static constexpr int kColumns = 1, kParts = 1, kBytes = 32;
  struct Part {
    const std::byte* data;
    Vec column(int, int) const { return Vec::load_f16(data); }
  };
  static Part part(const std::byte* block, int) { return {block}; }
};

/// The last column may be half of a block: read a column more than there are, it is 0.
template <class Vec>
struct PanelBF16 {
  static constexpr int kColumns = 2, kParts = 1, kBytes = 64;
  struct Part {
    const std::byte* data;
    Vec column(int, int j) const {
      const auto pairs = Vec::Words::load(data);
      return Vec::from_bits(j == 0 ? pairs << 16 : pairs & static_cast<int>(0xFFFF0000u));
    }
  };
  static Part part(const std::byte* block, int) { return {block}; }
};

template <class Vec>
struct PanelQ8_0 {
  static constexpr int kColumns = 32, kParts = 1, kBytes = 16 * 34;
  struct Part {
    Vec scale;
    const std::byte* codes;
    Vec column(int group, int j) const { return scale * Vec::from_bytes(codes + group * 16, j); }
  };
  static Part part(const std::byte* block, int) { return {Vec::load_f16(block), block + 32}; }
};

template <class Vec>
struct PanelQ4_0 {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 16 * 18;
  struct Part {
    Vec scale;
    const std::byte* codes;
    int half;
    Vec column(int group, int j) const { return scale * Vec::load_nibbles(codes + group * 16, 2 * j + half); }
  };
  static Part part(const std::byte* block, int index) { return {Vec::load_f16(block), block + 32, index}; }
};

}  // namespace loci::kernels
