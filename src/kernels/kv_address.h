// Which positions a token sees, and where the keys and values of one lie (KvView and RaggedRows of ops.h).
// Internal linkage (static): translation units of several ISAs include this, and the linker must not pick
// one's copy for another.
#pragma once

#include "kernels/ops.h"

namespace loci::kernels {

/// The bytes of one KV element: 4 or 2.
static inline std::size_t kv_element_bytes(DType dtype) {
  return dtype == DType::kF32 ? 4 : 2;
}

/// Element (kv_head, dim, position) of the keys of the sequence whose blocks are `table`.
static inline std::byte* key_address(const KvView& kv, const std::uint32_t* table, int kv_head, int dim,
                                     int position) {
  const auto row = static_cast<std::size_t>(kv_head) * static_cast<std::size_t>(kv.head_dim) +
                   static_cast<std::size_t>(dim);
  const auto slot = static_cast<std::size_t>(position % kv.block_tokens);
  return kv.arena + table[position / kv.block_tokens] * kv.block_bytes + kv.key_offset +
         (row * static_cast<std::size_t>(kv.block_tokens) + slot) * kv_element_bytes(kv.dtype);
}

/// Element (kv_head, dim, position) of the values.
static inline std::byte* value_address(const KvView& kv, const std::uint32_t* table, int kv_head, int dim,
                                       int position) {
  const auto block = static_cast<std::size_t>(kv_head) * static_cast<std::size_t>(kv.block_tokens);
  const auto row = block + static_cast<std::size_t>(position % kv.block_tokens);
  return kv.arena + table[position / kv.block_tokens] * kv.block_bytes + kv.value_offset +
         (row * static_cast<std::size_t>(kv.head_dim) + static_cast<std::size_t>(dim)) *
             kv_element_bytes(kv.dtype);
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

}  // namespace loci::kernels
