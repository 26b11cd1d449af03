// Weights that are integers under scales, as mma.m16n8k32 takes them: the codes of 32 columns of a panel, out
// of each format's packed form (packed_matrix.h). What a format's numbers mean is in
// tensor/formats/integer_block.cc.
//
// Lane 4 g + m holds, of rows 2 g and 2 g + 1, columns 4 m .. 4 m + 3 and 16 + 4 m .. 16 + 4 m + 3, a word
// each: rows in the places g and g + 8, columns where the manual has them.
#pragma once

#include <cstdint>

#include "kernels/cuda/device.cuh"
#include "kernels/packed_matrix.h"
#include "tensor/formats/half.h"
#include "tensor/formats/k_quants.h"

namespace loci::kernels::cuda {

/// Of a row: scale * code + minimum.
struct RowScaling {
  float scale, minimum;
};

/// The packed matrix, `blocks` stored blocks a row.
struct IntegerWeight {
  Global<const std::byte> data;
  int blocks;

  __device__ std::ptrdiff_t at(int panel, int block, int block_bytes) const {
    return (static_cast<std::ptrdiff_t>(panel) * blocks + block) * (kPanelRows * block_bytes);
  }
  __device__ float half_at(std::ptrdiff_t place) const { return f16_to_f32(data.load<std::uint16_t>(place)); }
};

/// Words `word` of rows 2 g and 2 g + 1, of a field that begins at `place`.
__device__ inline uint2 two_rows(const IntegerWeight& w, std::ptrdiff_t place, int word) {
  return w.data.load<uint2>(place + (word * kPanelRows + lane() / 4 * 2) * 4);
}

/// Four codes 0..15 less 8: with bit 7 set no byte borrows from the next.
__device__ inline std::uint32_t less_eight(std::uint32_t codes) {
  return ((codes | 0x80808080u) - 0x08080808u) ^ 0x80808080u;
}
constexpr std::uint32_t kLowHalves = 0x0F0F0F0Fu;

// A format: kColumns of a stored block; codes(.., k, a) of its columns 32 k .. 32 k + 31, and how row `row`
// scales them.

struct PanelsQ8_0 {
  static constexpr int kColumns = 32, kBytes = 34;
  static constexpr bool kMinimum = false;
  __device__ static void codes(const IntegerWeight& w, int panel, int block, int, std::uint32_t (&a)[4]) {
    const std::ptrdiff_t field = w.at(panel, block, kBytes) + 2 * kPanelRows;
    const uint2 low = two_rows(w, field, lane() % 4), high = two_rows(w, field, lane() % 4 + 4);
    a[0] = low.x, a[1] = low.y, a[2] = high.x, a[3] = high.y;
  }
  __device__ static RowScaling scaling(const IntegerWeight& w, int panel, int block, int, int row) {
    return {w.half_at(w.at(panel, block, kBytes) + 2 * row), 0};
  }
};

struct PanelsQ4_0 {
  static constexpr int kColumns = 32, kBytes = 18;
  static constexpr bool kMinimum = false;
  __device__ static void codes(const IntegerWeight& w, int panel, int block, int, std::uint32_t (&a)[4]) {
    const uint2 pairs = two_rows(w, w.at(panel, block, kBytes) + 2 * kPanelRows, lane() % 4);
    a[0] = less_eight(pairs.x & kLowHalves), a[1] = less_eight(pairs.y & kLowHalves);
    a[2] = less_eight(pairs.x >> 4 & kLowHalves), a[3] = less_eight(pairs.y >> 4 & kLowHalves);
  }
  __device__ static RowScaling scaling(const IntegerWeight& w, int panel, int block, int, int row) {
    return {w.half_at(w.at(panel, block, kBytes) + 2 * row), 0};
  }
};

struct PanelsQ4_1 {
  static constexpr int kColumns = 32, kBytes = 20;
  static constexpr bool kMinimum = true;
  __device__ static void codes(const IntegerWeight& w, int panel, int block, int, std::uint32_t (&a)[4]) {
    const uint2 pairs = two_rows(w, w.at(panel, block, kBytes) + 4 * kPanelRows, lane() % 4);
    a[0] = pairs.x & kLowHalves, a[1] = pairs.y & kLowHalves;
    a[2] = pairs.x >> 4 & kLowHalves, a[3] = pairs.y >> 4 & kLowHalves;
  }
  __device__ static RowScaling scaling(const IntegerWeight& w, int panel, int block, int, int row) {
    const std::ptrdiff_t at = w.at(panel, block, kBytes);
    return {w.half_at(at + 2 * row), w.half_at(at + 2 * kPanelRows + 2 * row)};
  }
};

struct PanelsQ4_K {
  static constexpr int kColumns = 256, kBytes = 144;
  static constexpr bool kMinimum = true;
  static constexpr int kScales = 4, kCodes = 16;  // bytes of a row in front of them
  __device__ static void codes(const IntegerWeight& w, int panel, int block, int k, std::uint32_t (&a)[4]) {
    const std::ptrdiff_t field = w.at(panel, block, kBytes) + kCodes * kPanelRows;
    const uint2 low = two_rows(w, field, k / 2 * 8 + lane() % 4),
                high = two_rows(w, field, k / 2 * 8 + lane() % 4 + 4);
    const int shift = 4 * (k % 2);
    a[0] = low.x >> shift & kLowHalves, a[1] = low.y >> shift & kLowHalves;
    a[2] = high.x >> shift & kLowHalves, a[3] = high.y >> shift & kLowHalves;
  }
  __device__ static RowScaling scaling(const IntegerWeight& w, int panel, int block, int k, int row) {
    const std::ptrdiff_t at = w.at(panel, block, kBytes);
    std::array<std::uint8_t, 12> packed;
    for (int i = 0; i < 3; ++i) {
      const auto word = w.data.load<std::uint32_t>(at + kScales * kPanelRows + (i * kPanelRows + row) * 4);
      memcpy(packed.data() + 4 * i, &word, sizeof word);
    }
    const auto part = static_cast<std::size_t>(k);
    return {w.half_at(at + 2 * row) * static_cast<float>(k_scale(packed, part)),
            -(w.half_at(at + 2 * kPanelRows + 2 * row) * static_cast<float>(k_minimum(packed, part)))};
  }
};

}  // namespace loci::kernels::cuda
