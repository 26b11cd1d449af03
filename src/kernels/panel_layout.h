// Which bytes of a stored block stay together when rows are interleaved (packed_matrix.h says how): a row for
// each type that can be packed. C++20 at most: sources for devices include this too.
#pragma once

#include <array>
#include <cstddef>

#include "tensor/dtype.h"

namespace loci::kernels {

/// The next `bytes` bytes of a stored block, of which `unit` at a time stay together: 1, 2, 4 or all of a
/// block.
struct PanelField {
  std::size_t bytes, unit;
};
struct PanelLayout {
  DType dtype;
  std::array<PanelField, 4> fields;  // add up to the block, or to two of BF16; unused ones are empty
  PanelField header{0, 0};           // in front of a row's blocks

  constexpr std::size_t block_bytes() const {
    std::size_t bytes = 0;
    for (const PanelField& field : fields) bytes += field.bytes;
    return bytes;
  }
};

inline constexpr PanelLayout kPanelLayouts[] = {
    {DType::kF32, {{{4, 4}}}},
    {DType::kF16, {{{2, 2}}}},
    {DType::kBF16, {{{4, 4}}}},                              // two neighbours
    {DType::kQ8_0, {{{2, 2}, {32, 4}}}},                     // scale; values
    {DType::kQ4_0, {{{2, 2}, {16, 4}}}},                     // scale; codes
    {DType::kQ4_1, {{{2, 2}, {2, 2}, {16, 4}}}},             // scale; minimum; codes
    {DType::kQ5_0, {{{2, 2}, {4, 4}, {16, 4}}}},             // scale; high; codes
    {DType::kQ5_1, {{{2, 2}, {2, 2}, {4, 4}, {16, 4}}}},     // scale; minimum; high; codes
    {DType::kQ2_K, {{{16, 4}, {64, 4}, {2, 2}, {2, 2}}}},    // scales; codes; scale; minimum
    {DType::kQ3_K, {{{32, 4}, {64, 4}, {12, 4}, {2, 2}}}},   // high; codes; scales; scale
    {DType::kQ4_K, {{{2, 2}, {2, 2}, {12, 4}, {128, 4}}}},   // scale; minimum; scales; codes
    {DType::kQ5_K, {{{2, 2}, {2, 2}, {12, 4}, {160, 4}}}},   // scale; minimum; scales; high, codes
    {DType::kQ6_K, {{{128, 4}, {64, 4}, {16, 4}, {2, 2}}}},  // codes; high; scales; scale
    {DType::kIQ4_NL, {{{2, 2}, {16, 4}}}},                   // scale; codes
    {DType::kIQ4_XS, {{{2, 2}, {2, 2}, {4, 4}, {128, 4}}}},  // scale; high scales; low scales; codes
    {DType::kIQ1_S, {{{2, 2}, {32, 4}, {16, 2}}}},           // scale; codes; high
    {DType::kIQ1_M, {{{48, 4}, {8, 2}}}},                    // codes, high; scales
    {DType::kIQ2_XXS, {{{2, 2}, {64, 4}}}},                  // scale; codes
    {DType::kIQ2_XS, {{{2, 2}, {64, 2}, {8, 4}}}},           // scale; codes; scales
    {DType::kIQ2_S, {{{2, 2}, {80, 4}}}},                    // scale; codes, signs, high, scales
    {DType::kIQ3_XXS, {{{2, 2}, {96, 4}}}},                  // scale; codes, scales
    {DType::kIQ3_S, {{{2, 2}, {108, 4}}}},                   // scale; codes, high, signs, scales
    {DType::kInt4, {{{4, 4}, {1, 1}, {16, 4}}}},             // scale; zero; codes
    {DType::kInt8, {{{4, 4}, {32, 4}}}},                     // scale; values
    {DType::kFp8, {{{4, 4}, {32, 1}}}},                      // scale; values
    {DType::kW8A8, {{{32, 4}}}, {4, 4}},                     // codes; scale
};

/// nullptr for types that are not packed.
constexpr const PanelLayout* find_panel_layout(DType dtype) {
  for (const PanelLayout& layout : kPanelLayouts)
    if (layout.dtype == dtype) return &layout;
  return nullptr;
}

}  // namespace loci::kernels
