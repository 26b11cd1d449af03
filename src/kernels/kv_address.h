// Which positions a token sees, and where the keys and values of one lie: the layout of KvView (ops.h), said
// here and nowhere else. Internal linkage (static): translation units of several ISAs include this, and the
// linker must not pick one's copy for another. Sources for devices include this too (C++20 at most; there
// addresses are offsets).
//
// Of one layer in one block, for each KV head:
//   keys     F32, F16          [head_dim][block_tokens]
//            BF16, int8, fp8   [head_dim / 2][block_tokens][2]     pairs of dimensions
//   values   F32, F16          [block_tokens][head_dim]
//            BF16, int8, fp8   [block_tokens / 2][head_dim][2]     pairs of positions
// and behind each of these, for int8 and fp8, a scale a token: float [block_tokens]. A pair is what one
// multiply-add of 16-bit numbers takes in a lane; halves are rounded up, and the key's missing half is 0.
#pragma once

#include <cstring>

#include "kernels/op_args.h"

namespace loci::kernels {

/// The types that keys and values may have: F32, F16, BF16, I8 (int8) and F8_E4M3 (fp8).
static constexpr bool is_kv_dtype(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kI8 ||
         dtype == DType::kF8_E4M3;
}
/// int8 and fp8: a code times the scale of its token and head.
static constexpr bool has_kv_scales(DType dtype) {
  return dtype == DType::kI8 || dtype == DType::kF8_E4M3;
}
static constexpr bool is_kv_paired(DType dtype) {
  return dtype == DType::kBF16 || has_kv_scales(dtype);
}
static constexpr std::size_t kv_element_bytes(DType dtype) {
  if (dtype == DType::kF32) return 4;
  return has_kv_scales(dtype) ? 1 : 2;
}

/// Of one head in a block, without scales.
static constexpr std::size_t key_code_bytes(DType dtype, int block_tokens, int head_dim) {
  const int rows = is_kv_paired(dtype) ? (head_dim + 1) / 2 * 2 : head_dim;
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(block_tokens) * kv_element_bytes(dtype);
}
static constexpr std::size_t value_code_bytes(DType dtype, int block_tokens, int head_dim) {
  const int rows = is_kv_paired(dtype) ? (block_tokens + 1) / 2 * 2 : block_tokens;
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(head_dim) * kv_element_bytes(dtype);
}
static constexpr std::size_t kv_scale_bytes(DType dtype, int block_tokens) {
  return has_kv_scales(dtype) ? static_cast<std::size_t>(block_tokens) * sizeof(float) : 0;
}
/// Of one head in a block, scales included.
static constexpr std::size_t key_head_bytes(DType dtype, int block_tokens, int head_dim) {
  return key_code_bytes(dtype, block_tokens, head_dim) + kv_scale_bytes(dtype, block_tokens);
}
static constexpr std::size_t value_head_bytes(DType dtype, int block_tokens, int head_dim) {
  return value_code_bytes(dtype, block_tokens, head_dim) + kv_scale_bytes(dtype, block_tokens);
}

/// Where the keys and the values of one head in block number `block` begin, counted from the arena.
static constexpr std::size_t key_head_offset(const KvView& kv, std::uint32_t block, int kv_head) {
  return block * kv.block_bytes + kv.key_offset +
         static_cast<std::size_t>(kv_head) * key_head_bytes(kv.dtype, kv.block_tokens, kv.head_dim);
}
static constexpr std::size_t value_head_offset(const KvView& kv, std::uint32_t block, int kv_head) {
  return block * kv.block_bytes + kv.value_offset +
         static_cast<std::size_t>(kv_head) * value_head_bytes(kv.dtype, kv.block_tokens, kv.head_dim);
}
/// Which element of a head's keys, and of its values, dimension `dim` of slot `slot` is.
static constexpr std::size_t key_element(const KvView& kv, int dim, int slot) {
  const auto d = static_cast<std::size_t>(dim), s = static_cast<std::size_t>(slot),
             tokens = static_cast<std::size_t>(kv.block_tokens);
  return is_kv_paired(kv.dtype) ? (d / 2 * tokens + s) * 2 + d % 2 : d * tokens + s;
}
static constexpr std::size_t value_element(const KvView& kv, int dim, int slot) {
  const auto d = static_cast<std::size_t>(dim), s = static_cast<std::size_t>(slot),
             dims = static_cast<std::size_t>(kv.head_dim);
  return is_kv_paired(kv.dtype) ? (s / 2 * dims + d) * 2 + s % 2 : s * dims + d;
}

/// The keys and the values of one head in the block of `position`.
static inline std::byte* key_head(const KvView& kv, const std::uint32_t* table, int kv_head, int position) {
  return kv.arena + key_head_offset(kv, table[position / kv.block_tokens], kv_head);
}
static inline std::byte* value_head(const KvView& kv, const std::uint32_t* table, int kv_head, int position) {
  return kv.arena + value_head_offset(kv, table[position / kv.block_tokens], kv_head);
}

/// Element (kv_head, dim, position) of the keys of the sequence whose blocks are `table`.
static inline std::byte* key_address(const KvView& kv, const std::uint32_t* table, int kv_head, int dim,
                                     int position) {
  return key_head(kv, table, kv_head, position) +
         key_element(kv, dim, position % kv.block_tokens) * kv_element_bytes(kv.dtype);
}

/// Element (kv_head, dim, position) of the values.
static inline std::byte* value_address(const KvView& kv, const std::uint32_t* table, int kv_head, int dim,
                                       int position) {
  return value_head(kv, table, kv_head, position) +
         value_element(kv, dim, position % kv.block_tokens) * kv_element_bytes(kv.dtype);
}

/// The scale of a position's codes, where the type has one.
static inline std::byte* key_scale_address(const KvView& kv, const std::uint32_t* table, int kv_head,
                                           int position) {
  return key_head(kv, table, kv_head, position) + key_code_bytes(kv.dtype, kv.block_tokens, kv.head_dim) +
         static_cast<std::size_t>(position % kv.block_tokens) * sizeof(float);
}
static inline std::byte* value_scale_address(const KvView& kv, const std::uint32_t* table, int kv_head,
                                             int position) {
  return value_head(kv, table, kv_head, position) + value_code_bytes(kv.dtype, kv.block_tokens, kv.head_dim) +
         static_cast<std::size_t>(position % kv.block_tokens) * sizeof(float);
}

/// The float at `at`, which need not be aligned.
static inline float load_scale(const std::byte* at) {
  float scale;
  std::memcpy(&scale, at, sizeof scale);
  return scale;
}

/// The positions [first, end) that token `token` attends to; never empty.
struct Visible {
  int first, end;
};
static inline Visible visible_positions(const AttentionArgs& args, int token) {
  const int position = args.rows.positions[token];
  const int first = args.window > 0 && position >= args.window ? position + 1 - args.window : 0;
  return {first, args.ends != nullptr ? args.ends[token] : position + 1};
}

/// Whether positions [first, end) lie in the same blocks of two tables.
static inline bool same_blocks(const KvView& kv, const std::uint32_t* a, const std::uint32_t* b, int first,
                               int end) {
  if (a == b) return true;
  for (int i = first / kv.block_tokens; i * kv.block_tokens < end; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

}  // namespace loci::kernels
