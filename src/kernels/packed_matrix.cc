#include "kernels/packed_matrix.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "kernels/panel_layout.h"
#include "kernels/turn_square.h"
#include "tensor/formats/convert.h"

namespace loci::kernels {
namespace {

constexpr std::size_t kLanes = kPanelRows;

const PanelLayout& layout_of(DType dtype) {
  const PanelLayout* layout = find_panel_layout(dtype);
  LOCI_CHECK(layout != nullptr);
  return *layout;
}

/// Bytes [at, at + bytes) of all rows. A last unit that is not whole ends in zeros.
template <class Unit>
void pack_units(const std::byte* const* rows, std::size_t at, std::size_t bytes, std::byte* packed) {
  constexpr std::size_t kUnit = sizeof(Unit), kSquare = 16 / kUnit;
  std::size_t done = 0;
  for (; done + 16 <= bytes; done += 16)
    for (std::size_t lane = 0; lane < kLanes; lane += kSquare)
      turn_square<Unit>([&](std::size_t i) { return rows[lane + i] + at + done; },
                        packed + done * kLanes + lane * kUnit, kLanes * kUnit);
  for (; done < bytes; done += kUnit)
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      Unit unit = 0;
      std::memcpy(&unit, rows[lane] + at + done, std::min(kUnit, bytes - done));
      std::memcpy(packed + done * kLanes + lane * kUnit, &unit, kUnit);
    }
}

void pack_field(std::size_t unit, const std::byte* const* rows, std::size_t at, std::size_t bytes,
                std::byte* packed) {
  if (unit == 1) pack_units<std::uint8_t>(rows, at, bytes, packed);
  if (unit == 2) pack_units<std::uint16_t>(rows, at, bytes, packed);
  if (unit == 4) pack_units<std::uint32_t>(rows, at, bytes, packed);
}

/// One lane of a panel's block, as stored.
void unpack_block(const PanelLayout& layout, const std::byte* packed, std::size_t lane, std::byte* stored) {
  for (const PanelField& field : layout.fields) {
    for (std::size_t i = 0; i < field.bytes; i += field.unit)
      std::memcpy(stored + i, packed + i * kLanes + lane * field.unit, field.unit);
    stored += field.bytes;
    packed += field.bytes * kLanes;
  }
}

/// Of a row in its panel: pairs of BF16 are whole.
std::size_t packed_row_bytes(DType dtype, int columns) {
  const std::size_t bytes = row_bytes(dtype, static_cast<std::size_t>(columns));
  return dtype == DType::kBF16 ? (bytes + 3) / 4 * 4 : bytes;
}

}  // namespace

bool is_packable(DType dtype) {
  return find_panel_layout(dtype) != nullptr;
}

std::size_t PackedMatrix::panel_bytes() const {
  return packed_row_bytes(dtype, columns) * kLanes;
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
  std::array<const std::byte*, kLanes> rows;
  std::ranges::copy(source_rows, rows.begin());
  std::vector<std::byte> zeros;
  if (std::ranges::find(rows, nullptr) != rows.end()) zeros.resize(stored_bytes);
  std::ranges::replace(rows, nullptr, zeros.data());
  const PanelField& first = layout.fields.front();
  if (traits(dtype).block_elements == 1)  // elements: a row is one field
    return pack_field(first.unit, rows.data(), 0, stored_bytes, panel_data);
  pack_field(layout.header.unit, rows.data(), 0, layout.header.bytes, panel_data);
  for (std::size_t at = layout.header.bytes; at < stored_bytes;)
    for (const PanelField& field : layout.fields) {
      pack_field(field.unit, rows.data(), at, field.bytes, panel_data + at * kLanes);
      at += field.bytes;
    }
}

void unpack_stored_row(const PackedMatrix& matrix, int row, std::byte* destination) {
  LOCI_CHECK(row >= 0 && row < matrix.rows);
  const PanelLayout& layout = layout_of(matrix.dtype);
  const std::size_t block_bytes = layout.block_bytes();
  const std::size_t bytes = row_bytes(matrix.dtype, static_cast<std::size_t>(matrix.columns));
  const std::byte* packed = matrix.data + static_cast<std::size_t>(row / kPanelRows) * matrix.panel_bytes();
  const auto lane = static_cast<std::size_t>(row % kPanelRows);
  std::size_t at = layout.header.bytes;
  std::memcpy(destination, packed + lane * at, at);
  for (; at + block_bytes <= bytes; at += block_bytes)
    unpack_block(layout, packed + at * kLanes, lane, destination + at);
  if (at < bytes) std::memcpy(destination + at, packed + at * kLanes + lane * block_bytes, bytes - at);
}

void unpack_row(const PackedMatrix& matrix, int row, float* destination) {
  const auto columns = static_cast<std::size_t>(matrix.columns);
  std::vector<std::byte> stored(row_bytes(matrix.dtype, columns));
  unpack_stored_row(matrix, row, stored.data());
  dequantize_row(matrix.dtype, stored.data(), columns, destination);
}

}  // namespace loci::kernels
