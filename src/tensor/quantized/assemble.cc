// From parts to blocks.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "base/check.h"
#include "tensor/error_context.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/scaled_blocks.h"
#include "tensor/formats/w8a8.h"
#include "tensor/quantized/parted_weight.h"

namespace loci {
namespace {

using Layout = PartedWeight::Layout;

constexpr std::size_t kBlock = 32;
constexpr int kRowsAPiece = 16;
constexpr std::size_t kNibblesAWord = 8;
constexpr std::uint8_t kSignedZero = 8;  // packed rows without zero points hold -8..7 as 0..15
// Where AWQ has row i of eight: the inverse of the order 0 2 4 6 1 3 5 7.
constexpr std::array<std::size_t, 8> kAwqNibble{0, 4, 1, 5, 2, 6, 3, 7};

std::uint32_t word(const Tensor& tensor, std::size_t index) {
  std::uint32_t value;
  std::memcpy(&value, tensor.bytes.data() + index * sizeof value, sizeof value);
  return value;
}
std::uint8_t nibble(std::uint32_t word, std::size_t index) {
  return static_cast<std::uint8_t>(word >> 4 * index & 0xF);
}

/// Scales and zero points, expanded: small beside the codes.
class Grid {
 public:
  explicit Grid(const PartedWeight& weight) : weight_(weight), scales_(weight.scales.elements()) {
    dequantize_row(weight.scales.dtype, weight.scales.bytes.data(), scales_.size(), scales_.data());
    if (weight.dtype() == DType::kInt4) read_zeros();
  }

  float scale(std::size_t row, std::size_t group) const { return scales_[index(row, group)]; }
  std::uint8_t zero(std::size_t row, std::size_t group) const { return zeros_[index(row, group)]; }

 private:
  bool by_group() const { return weight_.layout == Layout::kGptq || weight_.layout == Layout::kAwq; }
  std::size_t index(std::size_t row, std::size_t group) const {
    return by_group() ? group * weight_.rows + row : row / weight_.scale_rows * weight_.groups() + group;
  }

  void read_zeros() {
    zeros_.assign(scales_.size(), kSignedZero);
    if (!weight_.zeros) return;
    for (std::size_t row = 0; row < weight_.rows; row += weight_.scale_rows)
      for (std::size_t group = 0; group < weight_.groups(); ++group)
        zeros_[index(row, group)] =
            static_cast<std::uint8_t>(stored_zero(row / weight_.scale_rows, group) + weight_.zero_offset);
  }
  std::uint8_t stored_zero(std::size_t row, std::size_t group) const {
    const std::size_t words = weight_.rows / kNibblesAWord, at = row / kNibblesAWord, i = row % kNibblesAWord;
    if (weight_.layout == Layout::kGptq) return nibble(word(*weight_.zeros, group * words + at), i);
    if (weight_.layout == Layout::kAwq)
      return nibble(word(*weight_.zeros, group * words + at), kAwqNibble[i]);
    return nibble(word(*weight_.zeros, at * weight_.groups() + group), i);
  }

  const PartedWeight& weight_;
  std::vector<float> scales_;
  std::vector<std::uint8_t> zeros_;  // INT4 only
};

template <Layout kLayout>
std::uint8_t code(const PartedWeight& weight, std::size_t row, std::size_t column) {
  const std::size_t i = column % kNibblesAWord, at = column / kNibblesAWord;
  if constexpr (kLayout == Layout::kGptq) return nibble(word(weight.codes, at * weight.rows + row), i);
  if constexpr (kLayout == Layout::kAwq)
    return nibble(word(weight.codes, (column * weight.rows + row) / kNibblesAWord),
                  kAwqNibble[row % kNibblesAWord]);
  if constexpr (kLayout == Layout::kPackedRows)
    return nibble(word(weight.codes, row * (weight.columns / kNibblesAWord) + at), i);
}

template <Layout kLayout>
BlockInt4 int4_block(const PartedWeight& weight, const Grid& grid, std::size_t row, std::size_t b) {
  const bool sorted = !weight.column_order.empty();
  const std::size_t group = sorted ? weight.block_groups[b] : b * kBlock / weight.scale_columns;
  BlockInt4 block{.scale = packed_f32(grid.scale(row, group)), .zero = grid.zero(row, group), .codes = {}};
  for (std::size_t i = 0; i < kBlock; ++i) {
    const std::size_t column = sorted ? weight.column_order[b * kBlock + i] : b * kBlock + i;
    block.codes[i % 16] |= static_cast<std::uint8_t>(code<kLayout>(weight, row, column) << 4 * (i / 16));
  }
  return block;
}

/// INT8 and FP8: the stored bytes under their scale.
template <class Block>
Block byte_block(const PartedWeight& weight, const Grid& grid, std::size_t row, std::size_t b) {
  Block block;
  block.scale = packed_f32(grid.scale(row, b * kBlock / weight.scale_columns));
  std::memcpy(block.values.data(), weight.codes.bytes.data() + row * weight.columns + b * kBlock, kBlock);
  return block;
}

/// Calls make_block(row, block) for all of them; several rows a block at a time, because GPTQ and AWQ store
/// neighbouring rows side by side.
template <class MakeBlock>
void fill(const PartedWeight& weight, WorkerPool& pool, std::span<std::byte> out, MakeBlock make_block) {
  const std::size_t blocks = weight.columns / kBlock;
  pool.for_each_chunk(static_cast<int>(weight.rows), kRowsAPiece, [&](int begin, int end) {
    for (std::size_t b = 0; b < blocks; ++b)
      for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row) {
        const auto block = make_block(row, b);
        std::memcpy(out.data() + (row * blocks + b) * sizeof block, &block, sizeof block);
      }
  });
}

template <Layout kLayout>
void fill_int4(const PartedWeight& weight, const Grid& grid, WorkerPool& pool, std::span<std::byte> out) {
  fill(weight, pool, out,
       [&](std::size_t row, std::size_t b) { return int4_block<kLayout>(weight, grid, row, b); });
}

void fill_int8(const PartedWeight& weight, const Grid& grid, WorkerPool& pool, std::span<std::byte> out) {
  fill(weight, pool, out,
       [&](std::size_t row, std::size_t b) { return byte_block<BlockInt8>(weight, grid, row, b); });
}

/// W8A8.
void fill_int8_rows(const PartedWeight& weight, const Grid& grid, WorkerPool& pool,
                    std::span<std::byte> out) {
  const std::size_t bytes = row_bytes(DType::kW8A8, weight.columns);
  pool.for_each_chunk(static_cast<int>(weight.rows), kRowsAPiece, [&](int begin, int end) {
    for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row) {
      std::byte* to = out.data() + row * bytes;
      const float scale = grid.scale(row, 0);
      std::memcpy(to, &scale, sizeof scale);
      const auto codes = weight.codes.bytes.subspan(row * weight.columns, weight.columns);
      std::ranges::transform(codes, to + sizeof scale,
                             [](std::byte code) { return code ^ std::byte{kW8A8Zero}; });
    }
  });
}

Result<> fill_fp8(const PartedWeight& weight, const Grid& grid, WorkerPool& pool, std::span<std::byte> out) {
  std::atomic<bool> found_nan = false;
  fill(weight, pool, out, [&](std::size_t row, std::size_t b) {
    const auto block = byte_block<BlockFp8>(weight, grid, row, b);
    if (std::ranges::any_of(block.values, is_nan_f8_e4m3)) found_nan = true;
    return block;
  });
  if (found_nan)
    return in_part("tensor", weight.codes.name,
                   fail(ErrorCode::kCorrupt, "holds a value that is not a number"));
  return {};
}

}  // namespace

DType PartedWeight::dtype() const {
  if (layout == Layout::kInt8) return DType::kInt8;
  if (layout == Layout::kInt8Rows) return DType::kW8A8;
  return layout == Layout::kFp8 ? DType::kFp8 : DType::kInt4;
}

Result<> assemble(const PartedWeight& weight, WorkerPool& pool, std::span<std::byte> out) {
  LOCI_CHECK(out.size() == weight.rows * row_bytes(weight.dtype(), weight.columns));
  const Grid grid(weight);
  switch (weight.layout) {
    case Layout::kGptq:
      fill_int4<Layout::kGptq>(weight, grid, pool, out);
      return {};
    case Layout::kAwq:
      fill_int4<Layout::kAwq>(weight, grid, pool, out);
      return {};
    case Layout::kPackedRows:
      fill_int4<Layout::kPackedRows>(weight, grid, pool, out);
      return {};
    case Layout::kInt8:
      fill_int8(weight, grid, pool, out);
      return {};
    case Layout::kInt8Rows:
      fill_int8_rows(weight, grid, pool, out);
      return {};
    case Layout::kFp8:
      return fill_fp8(weight, grid, pool, out);
  }
  LOCI_CHECK(!"a layout that cannot be read");
  return {};
}

}  // namespace loci
