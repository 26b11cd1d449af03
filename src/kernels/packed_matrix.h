// Weight matrices in the layout that the kernels read.
//
// A matrix W [rows][columns] (rows = outputs) is cut into panels of 16 rows. Inside a panel the rows are
// interleaved, so that one SIMD lane owns one output row and walks the columns in order:
//
//   [panel][block][field][unit][16 rows] { bytes of the unit }
//
// where a block is the stored block of the format (one element of F32, F16, BF16), a field one of its members
// and a unit what stays together of it: a scale of 2 bytes, 4 bytes of codes, which integer dot products take
// at once. So a vector load brings the same scale, or the same word of codes, of all 16 rows. The fields are
// in packed_matrix.cc; two examples:
//
//   Q8_0            [panel][column / 32] { F16 scale[16]; i8 q[8][16][4]; }    four columns a word of 32 bits
//   Q4_0            [panel][column / 32] { F16 scale[16]; u8 q[4][16][4]; }   eight columns a word of 32 bits
//
// What a format has in front of a row, W8A8's scale, stands in front of the panel: a field of 16 rows.
//
// BF16 keeps two columns together, [panel][column / 2][16][2], as instructions multiply them; an odd column
// is followed by zeros.
//
// There is no horizontal sum, and each output element has one order of reduction whatever the number of
// tokens, threads or the width of the vectors: the first law comes for free. A packed matrix takes as many
// bytes as the stored one: the last panel is padded with zero rows, columns only BF16's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace loci::kernels {

inline constexpr int kPanelRows = 16;

struct PackedMatrix {  // a view; owns nothing
  DType dtype = DType::kF32;
  int rows = 0;
  int columns = 0;
  const std::byte* data = nullptr;  // 64-byte aligned
  // [columns] or nullptr: which column of the matrix that is meant packed column c is. Products walk the
  // packed columns and take their inputs from there.
  const std::uint32_t* column_order = nullptr;

  // Not inline: a translation unit compiled for a wider ISA must not leave a copy for the linker to pick.
  std::size_t panel_bytes() const;
  int panels() const;
};

/// Whether matrices of this type can be packed: all but the plain integers, F64 and F8_E4M3.
bool is_packable(DType dtype);

/// Bytes of the packed form of a [rows][columns] matrix. columns must be a multiple of the type's block.
std::size_t packed_bytes(DType dtype, int rows, int columns);

/// Packs panel number `panel` of a stored row-major matrix. `source_rows[lane]` points to the stored bytes of
/// the row that becomes row panel * 16 + lane, or is nullptr for a padding row; rows may come in any order
/// (fused or permuted projections). `panel_data` has panel_bytes() bytes.
void pack_panel(DType dtype, int columns, std::span<const std::byte* const, kPanelRows> source_rows,
                std::byte* panel_data);

/// Row `row` of the matrix, dequantized: `columns` floats in packed order. The inverse of pack_panel for one
/// lane.
void unpack_row(const PackedMatrix& matrix, int row, float* destination);

/// The same as stored: row_bytes(dtype, columns) bytes.
void unpack_stored_row(const PackedMatrix& matrix, int row, std::byte* destination);

}  // namespace loci::kernels
