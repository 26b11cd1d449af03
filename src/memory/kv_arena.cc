#include "memory/kv_arena.h"

#include "base/memory_nodes.h"
#include "kernels/kv_address.h"

namespace loci {

std::size_t KvLayout::key_bytes(const KvLayerShape& layer) const {
  return static_cast<std::size_t>(layer.kv_heads) *
         kernels::key_head_bytes(dtype, block_tokens, layer.head_dim);
}

std::size_t KvLayout::value_bytes(const KvLayerShape& layer) const {
  return static_cast<std::size_t>(layer.kv_heads) *
         kernels::value_head_bytes(dtype, block_tokens, layer.head_dim);
}

std::size_t KvLayout::block_bytes() const {
  std::size_t bytes = 0;
  for (const KvLayerShape& layer : layers) bytes += key_bytes(layer) + value_bytes(layer);
  return bytes;
}

Result<KvArena> KvArena::allocate(const KvLayout& layout, int blocks) {
  KvArena kv;
  const std::size_t block_bytes = kv.block_bytes_ = layout.block_bytes();
  LOCI_TRY(kv.arena_, Arena::allocate(block_bytes * static_cast<std::size_t>(blocks)));
  spread_over_nodes(kv.arena_.bytes());  // which thread reads a block is not known when it is written
  std::size_t offset = 0;
  for (const KvLayerShape& layer : layout.layers) {
    const std::size_t values = offset + layout.key_bytes(layer);
    kv.views_.push_back({kv.arena_.bytes().data(), layout.dtype, block_bytes, offset, values,
                         layout.block_tokens, layer.kv_heads, layer.head_dim});
    offset = values + layout.value_bytes(layer);
  }
  return kv;
}

}  // namespace loci
