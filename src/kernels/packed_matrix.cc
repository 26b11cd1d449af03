#include "kernels/packed_matrix.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "tensor/formats/half.h"

namespace loci::kernels {
namespace {

constexpr std::size_t kLanes = kPanelRows;
constexpr std::size_t kQuantColumns = 32;  // columns of a quantized block
constexpr std::size_t kScaleBytes = 2;     // a stored block begins with its F16 scale
constexpr std::size_t kPanelScaleBytes = kScaleBytes * kLanes;

constexpr std::size_t packed_block_bytes(std::size_t codes) {
  return (kScaleBytes + codes) * kLanes;
}

/// Element `i` of a stored row becomes element (i, lane) of the panel.
void interleave_plain(std::size_t element_bytes, std::size_t columns, const std::byte* row, std::size_t lane,
                      std::byte* panel) {
  for (std::size_t c = 0; c < columns; ++c)
    std::memcpy(panel + (c * kLanes + lane) * element_bytes, row + c * element_bytes, element_bytes);
}

/// Where code byte `j` of a row lies in its packed block: single codes side by side, pairs of codes by fours.
constexpr std::size_t code_offset(std::size_t codes, std::size_t j, std::size_t lane) {
  if (codes == kQuantColumns) return kPanelScaleBytes + j * kLanes + lane;
  return kPanelScaleBytes + (j / 4 * kLanes + lane) * 4 + j % 4;
}

/// Blocks of one scale and `codes` bytes: scale and bytes are interleaved over the lanes, block by block.
void interleave_blocks(std::size_t codes, std::size_t blocks, const std::byte* row, std::size_t lane,
                       std::byte* panel) {
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::byte* source = row + b * (kScaleBytes + codes);
    std::byte* target = panel + b * packed_block_bytes(codes);
    std::memcpy(target + lane * kScaleBytes, source, kScaleBytes);
    for (std::size_t j = 0; j < codes; ++j) target[code_offset(codes, j, lane)] = source[kScaleBytes + j];
  }
}

void interleave_row(DType dtype, std::size_t columns, const std::byte* row, std::size_t lane,
                    std::byte* panel) {
  switch (dtype) {
    case DType::kF32:
      return interleave_plain(4, columns, row, lane, panel);
    case DType::kF16:
    case DType::kBF16:
      return interleave_plain(2, columns, row, lane, panel);
    case DType::kQ8_0:
      return interleave_blocks(32, columns / kQuantColumns, row, lane, panel);
    case DType::kQ4_0:
      return interleave_blocks(16, columns / kQuantColumns, row, lane, panel);
  }
  LOCI_CHECK(!"a format without a panel layout");
}

template <class T>
T read(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float quantized_at(const std::byte* panel, std::size_t codes, std::size_t column, std::size_t lane) {
  const std::byte* block = panel + column / kQuantColumns * packed_block_bytes(codes);
  const float scale = f16_to_f32(read<std::uint16_t>(block + lane * kScaleBytes));
  const std::size_t j = column % kQuantColumns;
  const std::byte code = block[code_offset(codes, j % codes, lane)];
  if (codes == kQuantColumns) return scale * static_cast<float>(static_cast<std::int8_t>(code));
  const int nibble = j < codes ? std::to_integer<int>(code) & 0xF : std::to_integer<int>(code) >> 4;
  return scale * static_cast<float>(nibble - 8);
}

/// Element (column, lane) of a panel.
float element(DType dtype, const std::byte* panel, std::size_t column, std::size_t lane) {
  const std::size_t index = column * kLanes + lane;
  switch (dtype) {
    case DType::kF32:
      return read<float>(panel + index * 4);
    case DType::kF16:
      return f16_to_f32(read<std::uint16_t>(panel + index * 2));
    case DType::kBF16:
      return bf16_to_f32(read<std::uint16_t>(panel + index * 2));
    case DType::kQ8_0:
      return quantized_at(panel, 32, column, lane);
    case DType::kQ4_0:
      return quantized_at(panel, 16, column, lane);
  }
  LOCI_CHECK(!"a format without a panel layout");
  return 0;
}

}  // namespace

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
  const PackedMatrix shape{.dtype = dtype, .rows = kPanelRows, .columns = columns};
  for (const std::byte* row : source_rows)
    if (row == nullptr) {
      std::memset(panel_data, 0, shape.panel_bytes());
      break;
    }
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    if (source_rows[lane] != nullptr)
      interleave_row(dtype, static_cast<std::size_t>(columns), source_rows[lane], lane, panel_data);
}

void unpack_row(const PackedMatrix& matrix, int row, float* destination) {
  LOCI_CHECK(row >= 0 && row < matrix.rows);
  const std::byte* panel = matrix.data + static_cast<std::size_t>(row / kPanelRows) * matrix.panel_bytes();
  const auto lane = static_cast<std::size_t>(row % kPanelRows);
  for (int c = 0; c < matrix.columns; ++c)
    destination[c] = element(matrix.dtype, panel, static_cast<std::size_t>(c), lane);
}

float weight_at(const PackedMatrix& matrix, int row, int column) {
  LOCI_CHECK(row >= 0 && row < matrix.rows && column >= 0 && column < matrix.columns);
  const std::byte* panel = matrix.data + static_cast<std::size_t>(row / kPanelRows) * matrix.panel_bytes();
  return element(matrix.dtype, panel, static_cast<std::size_t>(column),
                 static_cast<std::size_t>(row % kPanelRows));
}

}  // namespace loci::kernels
