// A stored block of one row, put together from where packed_matrix.h interleaves it with 15 others, and its
// numbers.
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/packed_matrix.h"
#include "kernels/panel_layout.h"
#include "tensor/formats/half.h"
#include "tensor/formats/k_quants.h"
#include "tensor/formats/q4_0.h"
#include "tensor/formats/q4_1.h"
#include "tensor/formats/q5.h"
#include "tensor/formats/q8_0.h"
#include "tensor/formats/scaled_blocks.h"
#include "tensor/formats/w8a8.h"

namespace loci::kernels::cuda {

// Plain numbers as blocks, so that they are read as the others are; BF16 in the pairs in which it is packed.
struct BlockF32 {
  static constexpr int kElements = 1;
  float number;
};
struct BlockF16 {
  static constexpr int kElements = 1;
  std::uint16_t number;
};
struct BlockBF16 {
  static constexpr int kElements = 2;
  std::uint16_t numbers[2];
};
struct BlockW8A8 {  // under the scale in front of the row
  static constexpr int kElements = kW8A8Block;
  std::uint8_t codes[kW8A8Block];
};

__device__ inline void dequantize_block(const BlockF32& block, float* out) {
  out[0] = block.number;
}
__device__ inline void dequantize_block(const BlockF16& block, float* out) {
  out[0] = f16_to_f32(block.number);
}
__device__ inline void dequantize_block(const BlockBF16& block, float* out) {
  out[0] = bf16_to_f32(block.numbers[0]);
  out[1] = bf16_to_f32(block.numbers[1]);
}

/// A packed matrix on the device.
struct Panels {
  Global<const std::byte> data;
  PanelLayout layout;
  std::size_t row_bytes;  // of a row in its panel
};

template <class Block>
Panels panels_of(const PackedMatrix& matrix) {
  const PanelLayout* layout = find_panel_layout(matrix.dtype);
  const auto blocks = static_cast<std::size_t>(pieces(matrix.columns, Block::kElements));
  const std::size_t row_bytes = layout->header.bytes + blocks * sizeof(Block);
  const auto panels = static_cast<std::size_t>(pieces(matrix.rows, kPanelRows));
  return {.data = {matrix.data, panels * kPanelRows * row_bytes, "weight"},
          .layout = *layout,
          .row_bytes = row_bytes};
}

/// Unit `unit` bytes long, at byte `at` of the matrix.
__device__ inline void copy_unit(const Global<const std::byte>& data, std::size_t at, std::size_t unit,
                                 std::byte* to) {
  const auto from = static_cast<std::ptrdiff_t>(at);
  if (unit == 4) {
    const auto word = data.load<std::uint32_t>(from);
    memcpy(to, &word, sizeof word);
  } else if (unit == 2) {
    const auto word = data.load<std::uint16_t>(from);
    memcpy(to, &word, sizeof word);
  } else {
    *to = data[from];
  }
}

/// Numbers of stored block `index` of row `row`.
template <class Block>
__device__ void read_block(const Panels& panels, int row, int index, float* out) {
  const auto in_panel = static_cast<std::size_t>(row % kPanelRows);
  const std::size_t panel = static_cast<std::size_t>(row / kPanelRows) * kPanelRows * panels.row_bytes;
  std::size_t at =
      panel + kPanelRows * (panels.layout.header.bytes + static_cast<std::size_t>(index) * sizeof(Block));
  Block block;
  auto* stored = reinterpret_cast<std::byte*>(&block);
  for (const PanelField& field : panels.layout.fields) {
    for (std::size_t i = 0; i < field.bytes; i += field.unit)
      copy_unit(panels.data, at + i * kPanelRows + in_panel * field.unit, field.unit, stored + i);
    stored += field.bytes;
    at += field.bytes * kPanelRows;
  }
  if constexpr (std::is_same_v<Block, BlockW8A8>) {
    const auto scale = panels.data.load<float>(static_cast<std::ptrdiff_t>(panel + in_panel * sizeof(float)));
    for (int i = 0; i < Block::kElements; ++i)
      out[i] = scale * static_cast<float>(block.codes[i] - kW8A8Zero);
  } else {
    dequantize_block(block, out);
  }
}

}  // namespace loci::kernels::cuda
