// A weight that a Hugging Face folder stores in parts: few-bit codes, scales, zero points. It becomes blocks
// (tensor/formats/scaled_blocks.h) when it is read, one weight at a time, so that neither the blocks nor
// floats of the whole model ever lie beside what is packed for the kernels.
//
//   layout       codes                                      scales             zeros
//   GPTQ         I32 [columns / 8][rows], 8 columns a word  [groups][rows]     I32 [groups][rows / 8]
//   AWQ          I32 [columns][rows / 8], 8 rows a word     [groups][rows]     I32 [groups][rows / 8], as the
//   codes packed rows  I32 [rows][columns / 8], 8 columns a word  [rows][groups]     I32 [rows / 8][groups],
//   or 8 INT8, FP8    [rows][columns]                            a grid over rows and columns
//
// A word holds its first code in its lowest four bits, but AWQ's rows come in the order 0 2 4 6 1 3 5 7. GPTQ
// and packed rows may give every column a group of its own choice ("g_idx", act-order): such a weight is kept
// with its columns sorted by group, and Tensor::column_order tells where they come from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/worker_pool.h"
#include "tensor/tensor.h"

namespace loci {

struct PartedWeight {
  // kInt8Rows: kInt8 with one scale a row, of weights and of their activations.
  enum class Layout { kGptq, kAwq, kPackedRows, kInt8, kInt8Rows, kFp8 };
  Layout layout;
  Tensor codes, scales;
  std::optional<Tensor> zeros;
  int zero_offset = 0;  // added to every stored zero point
  std::size_t rows, columns;
  std::size_t scale_rows, scale_columns;    // what shares a scale, in whole blocks of 32 columns
  std::vector<std::uint32_t> column_order;  // [columns], or empty where they stay as they are
  std::vector<std::uint32_t> block_groups;  // [columns / 32], where column_order is not empty

  std::size_t groups() const { return (columns + scale_columns - 1) / scale_columns; }
  DType dtype() const;  // of the blocks
};

/// The weight's blocks, row after row, into row_bytes(dtype, columns) * rows bytes. The parts' shapes have
/// been checked when the weight was put together; kCorrupt where FP8 holds a NaN.
Result<> assemble(const PartedWeight& weight, WorkerPool& pool, std::span<std::byte> out);

}  // namespace loci
