// The data half of KV memory: the bytes of all blocks, in one arena.
//
// A block holds all layers of its tokens, so that moving a block is one copy:
//   [block][layer][ keys [kv_head] | values [kv_head] ]
// Layers may differ in heads. The layout of a head is the attention kernels' (kernels/kv_address.h).
#pragma once

#include <span>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "kernels/ops.h"
#include "tensor/dtype.h"

namespace loci {

struct KvLayerShape {
  int kv_heads, head_dim;
};

struct KvLayout {
  std::vector<KvLayerShape> layers;
  DType dtype;  // kF32, kF16, kBF16, kI8 or kF8_E4M3
  int block_tokens;

  // Of one block, scales included.
  std::size_t key_bytes(const KvLayerShape& layer) const;
  std::size_t value_bytes(const KvLayerShape& layer) const;
  std::size_t block_bytes() const;
  std::size_t token_bytes() const { return block_bytes() / static_cast<std::size_t>(block_tokens); }
};

class KvArena {
 public:
  static Result<KvArena> allocate(const KvLayout& layout, int blocks);

  std::span<const kernels::KvView> layers() const { return views_; }  // [layers]
  std::size_t bytes() const { return arena_.bytes().size(); }
  std::span<std::byte> memory() { return arena_.bytes(); }  // of all blocks
  /// All layers of one block.
  std::span<std::byte> block(std::uint32_t number) {
    return arena_.bytes().subspan(number * block_bytes_, block_bytes_);
  }

 private:
  Arena arena_;
  std::size_t block_bytes_ = 0;
  std::vector<kernels::KvView> views_;
};

}  // namespace loci
