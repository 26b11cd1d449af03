// The data half of the host tier: copies of KV blocks outside the fast arena, each with its identity and a
// checksum. What comes back different from what went in is a miss, never data (fourth law).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/error.h"
#include "memory/block_key.h"

namespace loci {

class HostTier {
 public:
  /// `layout` tells layouts of blocks apart (type, layers, tokens a block): it is part of every checksum.
  static Result<HostTier> allocate(std::size_t block_bytes, int slots, std::uint64_t layout);
  HostTier() = default;

  void write(std::uint32_t slot, const BlockKey& key, std::span<const std::byte> block);
  /// False, with `block` undefined, if the slot does not hold `key` or its bytes have changed.
  bool read(std::uint32_t slot, const BlockKey& key, std::span<std::byte> block) const;

  int slots() const { return static_cast<int>(labels_.size()); }
  std::span<std::byte> bytes_of(std::uint32_t slot);  // for tests that damage it

 private:
  struct Label {
    BlockKey key;
    std::uint64_t checksum = 0;
  };
  std::uint64_t checksum(const BlockKey& key, std::span<const std::byte> block) const;

  std::size_t block_bytes_ = 0;
  std::uint64_t layout_ = 0;
  Arena arena_;
  std::vector<Label> labels_;  // [slot]
};

}  // namespace loci
