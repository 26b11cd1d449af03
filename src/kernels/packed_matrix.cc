#include "kernels/packed_matrix.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "tensor/formats/convert.h"

namespace loci::kernels {
namespace {

constexpr std::size_t kLanes = kPanelRows;

/// The next `bytes` bytes of a stored block, of which `unit` at a time stay together: 1, 2, 4 or all of a
/// block.
struct Field {
  std::size_t bytes, unit;
};
struct PanelLayout {
  DType dtype;
  std::array<Field, 4> fields;  // add up to the block; unused ones are empty
};

constexpr PanelLayout kLayouts[] = {
    {DType::kF32, {{{4, 4}}}},
    {DType::kF16, {{{2, 2}}}},
    {DType::kBF16, {{{2, 2}}}},
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
};

const PanelLayout* find_layout(DType dtype) {
  for (const PanelLayout& layout : kLayouts)
    if (layout.dtype == dtype) return &layout;
  return nullptr;
}

const PanelLayout& layout_of(DType dtype) {
  const PanelLayout* layout = find_layout(dtype);
  LOCI_CHECK(layout != nullptr);
  return *layout;
}

/// Copies between a row's block and its lane of the panel's block, whichever is the target.
template <std::size_t kUnit, class Stored, class Packed>
void copy_units(std::size_t bytes, Stored* stored, Packed* packed, std::size_t lane) {
  constexpr bool kPacking = std::is_const_v<Stored>;
  for (std::size_t i = 0; i < bytes / kUnit; ++i) {
    auto* at = packed + (i * kLanes + lane) * kUnit;
    if constexpr (kPacking)
      std::memcpy(at, stored + i * kUnit, kUnit);
    else
      std::memcpy(stored + i * kUnit, at, kUnit);
  }
}

template <class Stored, class Packed>
void copy_block(const PanelLayout& layout, Stored* stored, Packed* packed, std::size_t lane) {
  for (const Field& field : layout.fields) {
    if (field.unit == 1) copy_units<1>(field.bytes, stored, packed, lane);
    if (field.unit == 2) copy_units<2>(field.bytes, stored, packed, lane);
    if (field.unit == 4) copy_units<4>(field.bytes, stored, packed, lane);
    stored += field.bytes;
    packed += field.bytes * kLanes;
  }
}

}  // namespace

bool is_packable(DType dtype) {
  return find_layout(dtype) != nullptr;
}

std::size_t PackedMatrix::panel_bytes() const {
  return row_bytes(dtype, static_cast<std::size_t>(columns)) * kLanes;
}

int PackedMatrix::panels() const {
  return (rows + kPanelRows - 1) / kPanelRows;
}

std::size_t packed_bytes(DType dtype, int rows, int columns) {
  LOCI_CHECK(rows >= 0 && columns >= 0);
  const PackedMatrix shape{.dtype = dtype, .rows = rows, .columns = columns};
  return shape.panel_bytes() * static_cast<std::size_t>(shape.panels());
}

void pack_panel(DType dtype, int columns, std::span<const std::byte* const, kPanelRows> source_rows,
                std::byte* panel_data) {
  const PanelLayout& layout = layout_of(dtype);
  const std::size_t stored_bytes = row_bytes(dtype, static_cast<std::size_t>(columns));
  const auto block_bytes = static_cast<std::size_t>(traits(dtype).block_bytes);
  for (const std::byte* row : source_rows)
    if (row == nullptr) {
      std::memset(panel_data, 0, stored_bytes * kLanes);
      break;
    }
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    if (const std::byte* row = source_rows[lane])
      for (std::size_t at = 0; at < stored_bytes; at += block_bytes)
        copy_block(layout, row + at, panel_data + at * kLanes, lane);
}

void unpack_stored_row(const PackedMatrix& matrix, int row, std::byte* destination) {
  LOCI_CHECK(row >= 0 && row < matrix.rows);
  const PanelLayout& layout = layout_of(matrix.dtype);
  const auto block_bytes = static_cast<std::size_t>(traits(matrix.dtype).block_bytes);
  const std::size_t bytes = row_bytes(matrix.dtype, static_cast<std::size_t>(matrix.columns));
  const std::byte* packed = matrix.data + static_cast<std::size_t>(row / kPanelRows) * matrix.panel_bytes();
  for (std::size_t at = 0; at < bytes; at += block_bytes)
    copy_block(layout, destination + at, packed + at * kLanes, static_cast<std::size_t>(row % kPanelRows));
}

void unpack_row(const PackedMatrix& matrix, int row, float* destination) {
  const auto columns = static_cast<std::size_t>(matrix.columns);
  std::vector<std::byte> stored(row_bytes(matrix.dtype, columns));
  unpack_stored_row(matrix, row, stored.data());
  dequantize_row(matrix.dtype, stored.data(), columns, destination);
}

}  // namespace loci::kernels
