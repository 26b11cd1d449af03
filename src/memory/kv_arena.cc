#include "memory/kv_arena.h"

namespace loci {

std::size_t KvLayout::layer_bytes(const KvLayerShape& layer) const {
  const std::size_t elements =
      static_cast<std::size_t>(layer.kv_heads) * static_cast<std::size_t>(layer.head_dim);
  return 2 * row_bytes(dtype, elements * static_cast<std::size_t>(block_tokens));
}

std::size_t KvLayout::block_bytes() const {
  std::size_t bytes = 0;
  for (const KvLayerShape& layer : layers) bytes += layer_bytes(layer);
  return bytes;
}

Result<KvArena> KvArena::allocate(const KvLayout& layout, int blocks) {
  KvArena kv;
  const std::size_t block_bytes = layout.block_bytes();
  LOCI_TRY(kv.arena_, Arena::allocate(block_bytes * static_cast<std::size_t>(blocks)));
  std::size_t offset = 0;
  for (const KvLayerShape& layer : layout.layers) {
    const std::size_t half = layout.layer_bytes(layer) / 2;
    kv.views_.push_back({kv.arena_.bytes().data(), layout.dtype, block_bytes, offset, offset + half,
                         layout.block_tokens, layer.kv_heads, layer.head_dim});
    offset += 2 * half;
  }
  return kv;
}

}  // namespace loci
