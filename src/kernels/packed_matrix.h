// Weight matrices in the layout that the kernels read.
//
// A matrix W [rows][columns] (rows = outputs) is cut into panels of 16 rows. Inside a panel the rows are
// interleaved, so that one SIMD lane owns one output row and walks the columns in order:
//
//   F32, F16, BF16  [panel][column][16]                                   elements
//   Q8_0            [panel][column / 32] { F16 scale[16]; i8 q[32][16]; }     32 columns of 16 rows
//   Q4_0            [panel][column / 32] { F16 scale[16]; u8 q[4][16][4]; }   eight columns a word of 32 bits
//
// In Q4_0, q[j / 4][row][j % 4] is byte j of the stored block, which holds columns j (low half) and j + 16
// (high half): the codes of a row come out of its word by shifting alone.
//
// There is no horizontal sum, and each output element has one order of reduction whatever the number of
// tokens, threads or the width of the vectors: the first law comes for free. A packed matrix takes as many
// bytes as the stored one (the last panel is padded with zero rows), and columns are never padded.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace loci::kernels {

inline constexpr int kPanelRows = 16;

struct PackedMatrix {  // a view; owns nothing
  DType dtype = DType::kF32;
  int rows = 0;
  int columns = 0;
  const std::byte* data = nullptr;  // 64-byte aligned

  // Not inline: a translation unit compiled for a wider ISA must not leave a copy for the linker to pick.
  std::size_t panel_bytes() const;
  int panels() const;
};

/// Bytes of the packed form of a [rows][columns] matrix. columns must be a multiple of the type's block.
std::size_t packed_bytes(DType dtype, int rows, int columns);

/// Packs panel number `panel` of a stored row-major matrix. `source_rows[lane]` points to the stored bytes of
/// the row that becomes row panel * 16 + lane, or is nullptr for a padding row; rows may come in any order
/// (fused or permuted projections). `panel_data` has panel_bytes() bytes.
void pack_panel(DType dtype, int columns, std::span<const std::byte* const, kPanelRows> source_rows,
                std::byte* panel_data);

/// Row `row` of the matrix, dequantized: `columns` floats. The inverse of pack_panel for one lane.
void unpack_row(const PackedMatrix& matrix, int row, float* destination);

/// weight[row][column] as a float; exact for every format (an F16 scale times an 8-bit integer fits in 24
/// bits).
float weight_at(const PackedMatrix& matrix, int row, int column);

}  // namespace loci::kernels
