// Keys and values as pairs of BF16, whatever their type: codes of int8 and fp8 are exact in BF16, and their
// scales are applied to the sums (keys) or to the weights (values).
#pragma once

#include "kernels/cuda/math.cuh"
#include "kernels/kv_address.h"
#include "tensor/formats/f8.h"
#include "tensor/formats/half.h"

namespace loci::kernels::cuda {

/// The cache of one layer, and the blocks of one sequence.
struct KvBlocks {
  KvView kv;
  Global<const std::byte> arena;
  Global<const std::uint32_t> table;

  __device__ std::uint32_t block_of(int position) const { return table[position / kv.block_tokens]; }
};

__device__ inline std::uint32_t bf16_pair(std::uint16_t low, std::uint16_t high) {
  return low | std::uint32_t{high} << 16;
}

/// A number of the cache as BF16.
__device__ inline std::uint16_t code_as_bf16(DType dtype, std::uint8_t code) {
  const float x =
      dtype == DType::kI8 ? static_cast<float>(static_cast<std::int8_t>(code)) : f8_e4m3_to_f32(code);
  return f32_to_bf16(x);
}
/// Two neighbours that begin at `at`.
__device__ inline std::uint32_t load_pair(const KvBlocks& from, std::size_t at) {
  const auto place = static_cast<std::ptrdiff_t>(at);
  if (from.kv.dtype == DType::kBF16) return from.arena.load<std::uint32_t>(place);
  const auto codes = from.arena.load<std::uint16_t>(place);
  return bf16_pair(code_as_bf16(from.kv.dtype, static_cast<std::uint8_t>(codes & 0xFF)),
                   code_as_bf16(from.kv.dtype, static_cast<std::uint8_t>(codes >> 8)));
}
__device__ inline std::uint16_t load_one(const KvBlocks& from, std::size_t at) {
  const auto place = static_cast<std::ptrdiff_t>(at);
  if (from.kv.dtype == DType::kBF16) return from.arena.load<std::uint16_t>(place);
  return code_as_bf16(from.kv.dtype, std::to_integer<std::uint8_t>(from.arena[place]));
}

/// Dimensions 2 i and 2 i + 1 of a position's key, whose head begins at `head`.
__device__ inline std::uint32_t key_pair(const KvBlocks& from, std::size_t head, int position, int pair) {
  const int slot = position % from.kv.block_tokens;
  return load_pair(from, head + key_element(from.kv, 2 * pair, slot) * kv_element_bytes(from.kv.dtype));
}

/// Dimension `dim` of the values of an even position and the next, of which those in [first, end) count.
__device__ inline std::uint32_t value_pair(const KvBlocks& from, int kv_head, int position, int dim,
                                           int first, int end) {
  const KvView& kv = from.kv;
  const std::size_t bytes = kv_element_bytes(kv.dtype);
  if (kv.block_tokens % 2 == 0 && position >= first && position + 1 < end) {
    const std::size_t head = value_head_offset(kv, from.block_of(position), kv_head);
    return load_pair(from, head + value_element(kv, dim, position % kv.block_tokens) * bytes);
  }
  std::uint16_t both[2] = {0, 0};
  for (int i = 0; i < 2; ++i) {
    const int p = position + i;
    if (p < first || p >= end) continue;
    const std::size_t head = value_head_offset(kv, from.block_of(p), kv_head);
    both[i] = load_one(from, head + value_element(kv, dim, p % kv.block_tokens) * bytes);
  }
  return bf16_pair(both[0], both[1]);
}

/// The scale of a position's key or value, behind the codes of the head.
__device__ inline float scale_behind(const KvBlocks& from, std::size_t head, std::size_t code_bytes,
                                     int position) {
  const std::size_t at =
      head + code_bytes + static_cast<std::size_t>(position % from.kv.block_tokens) * sizeof(float);
  std::uint32_t bits = 0;  // it need not be aligned
  for (int i = 0; i < 4; ++i)
    bits |= std::to_integer<std::uint32_t>(from.arena[static_cast<std::ptrdiff_t>(at) + i]) << 8 * i;
  return float_of(bits);
}

}  // namespace loci::kernels::cuda
