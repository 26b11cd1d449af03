// W8A8: a row of signed bytes under one scale, for weights whose activations are to have one scale a row too
// ("per-channel" and "per-token" in compressed-tensors, vLLM): their products are integers over all columns.
// Rows of quantized Hugging Face folders become this when they are read.
//
//   row    F32 scale; u8 codes[columns]      element i = scale * (codes[i] - 128)
//
// The codes are 128 above the stored bytes, because dot products of bytes take one side unsigned.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loci {

inline constexpr int kW8A8Block = 32;
inline constexpr int kW8A8Zero = 128;
/// Columns of a row at most: a sum of products of codes, 128 * 127 each, fits 32 bits.
inline constexpr std::size_t kMostW8A8Columns = 0x7FFFFFFF / (128 * 127) / kW8A8Block * kW8A8Block;

inline void dequantize_row_w8a8(const std::byte* row, std::size_t elements, float* out) {
  float scale;
  std::memcpy(&scale, row, sizeof scale);
  row += sizeof scale;
  for (std::size_t i = 0; i < elements; ++i)
    out[i] = scale * static_cast<float>(std::to_integer<int>(row[i]) - kW8A8Zero);
}

/// scale = max|x| / 127, codes to the nearest, halves away from zero; NaN as 0.
inline void quantize_row_w8a8(const float* in, std::size_t elements, std::byte* row) {
  float largest = 0;
  for (std::size_t i = 0; i < elements; ++i) largest = std::fmax(largest, std::fabs(in[i]));
  const float scale = largest / 127.0f, inverse = scale > 1e-38f ? 1.0f / scale : 0.0f;
  std::memcpy(row, &scale, sizeof scale);
  row += sizeof scale;
  for (std::size_t i = 0; i < elements; ++i) {
    const float code = std::fmin(std::fmax(std::round(in[i] * inverse), -127.0f), 127.0f);
    row[i] = static_cast<std::byte>(static_cast<int>(code) + kW8A8Zero);
  }
}

}  // namespace loci
