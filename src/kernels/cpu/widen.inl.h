// Columns of a panel as floats, [column][16]: what the multiplications read that do not take a format's codes
// apart themselves. One function a format, behind a pointer: a new format adds one instance of
// widen_columns(), not one of every multiplication.
#pragma once

#include "kernels/cpu/panel.inl.h"
#include "kernels/cpu/panel_blocks.inl.h"
#include "kernels/cpu/panel_iq.inl.h"
#include "kernels/packed_matrix.h"
#include "tensor/formats/w8a8.h"

namespace loci::kernels {

/// Columns [first, first + columns) of the panel at `panel`, both multiples of the format's part; but the
/// last columns of BF16 may be odd, and then `out` has room for one more.
using WidenColumns = void (*)(const std::byte* panel, long first, int columns, float* out);

template <class Vec, class Panel>
void widen_columns(const std::byte* panel, long first, int columns, float* out) {
  constexpr int kPartColumns = Panel::kColumns / Panel::kParts;
  constexpr int kGroup = kPartColumns < 4 ? kPartColumns : 4;
  for (int c = 0; c < columns; c += kPartColumns) {
    const long at = first + c;
    const auto part = Panel::part(panel + at / Panel::kColumns * Panel::kBytes,
                                  static_cast<int>(at % Panel::kColumns) / kPartColumns);
    for (int group = 0; group < kPartColumns; group += kGroup) {
#pragma GCC unroll 4
      for (int j = 0; j < kGroup; ++j) part.column(group, j).store(out + (c + group + j) * kPanelRows);
    }
  }
}

/// W8A8: the scale of all columns stands in front of the panel.
template <class Vec>
void widen_scaled_columns(const std::byte* panel, long first, int columns, float* out) {
  const Vec scale = Vec::load(reinterpret_cast<const float*>(panel));
  const std::byte* codes = panel + kPanelRows * sizeof(float) + first * kPanelRows;
  for (int c = 0; c < columns; c += 4) {
    const auto word = Vec::Words::load(codes + c * kPanelRows);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j)
      (scale * Vec::from_words((word >> 8 * j & 255) - kW8A8Zero)).store(out + (c + j) * kPanelRows);
  }
}

/// nullptr for a type that is_packable() refuses.
template <class Vec>
WidenColumns widener(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return widen_columns<Vec, PanelF32<Vec>>;
    case DType::kF16:
      return widen_columns<Vec, PanelF16<Vec>>;
    case DType::kBF16:
      return widen_columns<Vec, PanelBF16<Vec>>;
    case DType::kQ8_0:
      return widen_columns<Vec, PanelQ8_0<Vec>>;
    case DType::kQ4_0:
      return widen_columns<Vec, PanelQ4_0<Vec>>;
    case DType::kQ4_1:
      return widen_columns<Vec, PanelQ4_1<Vec>>;
    case DType::kQ5_0:
      return widen_columns<Vec, PanelQ5_0<Vec>>;
    case DType::kQ5_1:
      return widen_columns<Vec, PanelQ5_1<Vec>>;
    case DType::kQ2_K:
      return widen_columns<Vec, PanelQ2_K<Vec>>;
    case DType::kQ3_K:
      return widen_columns<Vec, PanelQ3_K<Vec>>;
    case DType::kQ4_K:
      return widen_columns<Vec, PanelQ4_K<Vec>>;
    case DType::kQ5_K:
      return widen_columns<Vec, PanelQ5_K<Vec>>;
    case DType::kQ6_K:
      return widen_columns<Vec, PanelQ6_K<Vec>>;
    case DType::kIQ4_NL:
      return widen_columns<Vec, PanelIQ4_NL<Vec>>;
    case DType::kIQ4_XS:
      return widen_columns<Vec, PanelIQ4_XS<Vec>>;
    case DType::kIQ1_S:
      return widen_columns<Vec, PanelIQ1_S<Vec>>;
    case DType::kIQ1_M:
      return widen_columns<Vec, PanelIQ1_M<Vec>>;
    case DType::kIQ2_XXS:
      return widen_columns<Vec, PanelIQ2_XXS<Vec>>;
    case DType::kIQ2_XS:
      return widen_columns<Vec, PanelIQ2_XS<Vec>>;
    case DType::kIQ2_S:
      return widen_columns<Vec, PanelIQ2_S<Vec>>;
    case DType::kIQ3_XXS:
      return widen_columns<Vec, PanelIQ3_XXS<Vec>>;
    case DType::kIQ3_S:
      return widen_columns<Vec, PanelIQ3_S<Vec>>;
    case DType::kInt4:
      return widen_columns<Vec, PanelInt4<Vec>>;
    case DType::kInt8:
      return widen_columns<Vec, PanelInt8<Vec>>;
    case DType::kFp8:
      return widen_columns<Vec, PanelFp8<Vec>>;
    case DType::kW8A8:
      return widen_scaled_columns<Vec>;
    case DType::kF64:
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
    case DType::kI64:
    case DType::kU8:
    case DType::kBool:
    case DType::kF8_E4M3:
      break;
  }
  return nullptr;
}

}  // namespace loci::kernels
