// The formats of a panel (kernels/packed_matrix.h), read sixteen dequantized weights at a time.
//
// A format has blocks of kColumns columns in kBytes bytes, walked in kParts parts of equal length (in Q4_0 a
// part is one half of the bytes). `Block` holds what all columns share, the scales; column<part>(group, j) is
// column part * kColumns / kParts + group + j, where group is a multiple of 4 and j < 4 a constant once
// unrolled.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace loci::kernels {

template <class Vec>
struct PanelF32 {
  static constexpr int kColumns = 1, kParts = 1, kBytes = 64;
  struct Block {
    const std::byte* data;
    template <int kPart>
    Vec column(int, int) const {
      return Vec::load(reinterpret_cast<const float*>(data));
    }
  };
  static Block block(const std::byte* at) { return {at}; }
};

template <class Vec>
struct PanelF16 {
  static constexpr int kColumns = 1, kParts = 1, kBytes = 32;
  struct Block {
    const std::byte* data;
    template <int kPart>
    Vec column(int, int) const {
      return Vec::load_f16(data);
    }
  };
  static Block block(const std::byte* at) { return {at}; }
};

template <class Vec>
struct PanelBF16 {
  static constexpr int kColumns = 1, kParts = 1, kBytes = 32;
  struct Block {
    const std::byte* data;
    template <int kPart>
    Vec column(int, int) const {
      return Vec::load_bf16(data);
    }
  };
  static Block block(const std::byte* at) { return {at}; }
};

template <class Vec>
struct PanelQ8_0 {
  static constexpr int kColumns = 32, kParts = 1, kBytes = 32 + 32 * 16;
  struct Block {
    Vec scale;
    const std::byte* codes;
    template <int kPart>
    Vec column(int group, int j) const {
      return scale * Vec::load_i8(codes + (group + j) * 16);
    }
  };
  static Block block(const std::byte* at) { return {Vec::load_f16(at), at + 32}; }
};

template <class Vec>
struct PanelQ4_0 {
  static constexpr int kColumns = 32, kParts = 2, kBytes = 32 + 16 * 16;
  struct Block {
    Vec scale;
    const std::byte* codes;
    template <int kPart>
    Vec column(int group, int j) const {
      return scale * Vec::load_nibbles(codes + group * 16, 2 * j + kPart);
    }
  };
  static Block block(const std::byte* at) { return {Vec::load_f16(at), at + 32}; }
};

/// Calls `use` with an object of the panel type of `dtype`.
template <class Vec, class Use>
void with_panel_format(DType dtype, Use&& use) {
  switch (dtype) {
    case DType::kF32:
      return use(PanelF32<Vec>{});
    case DType::kF16:
      return use(PanelF16<Vec>{});
    case DType::kBF16:
      return use(PanelBF16<Vec>{});
    case DType::kQ8_0:
      return use(PanelQ8_0<Vec>{});
    case DType::kQ4_0:
      return use(PanelQ4_0<Vec>{});
  }
}

}  // namespace loci::kernels
