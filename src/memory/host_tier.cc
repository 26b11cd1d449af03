#include "memory/host_tier.h"

#include <cstring>
#include <xxhash.h>

#include "base/check.h"

namespace loci {

Result<HostTier> HostTier::allocate(std::size_t block_bytes, int slots, std::uint64_t layout) {
  HostTier tier;
  tier.block_bytes_ = block_bytes;
  tier.layout_ = layout;
  LOCI_TRY(tier.arena_, Arena::allocate(block_bytes * static_cast<std::size_t>(slots)));
  tier.labels_.resize(static_cast<std::size_t>(slots));
  return tier;
}

void HostTier::write(std::uint32_t slot, const BlockKey& key, std::span<const std::byte> block) {
  LOCI_CHECK(slot < labels_.size() && block.size() == block_bytes_);
  std::memcpy(bytes_of(slot).data(), block.data(), block.size());
  labels_[slot] = {key, checksum(key, block)};
}

bool HostTier::read(std::uint32_t slot, const BlockKey& key, std::span<std::byte> block) const {
  LOCI_CHECK(slot < labels_.size() && block.size() == block_bytes_);
  std::memcpy(block.data(), arena_.bytes().data() + slot * block_bytes_, block.size());
  return labels_[slot].key == key && labels_[slot].checksum == checksum(key, block);
}

std::span<std::byte> HostTier::bytes_of(std::uint32_t slot) {
  return arena_.bytes().subspan(slot * block_bytes_, block_bytes_);
}

std::uint64_t HostTier::checksum(const BlockKey& key, std::span<const std::byte> block) const {
  return XXH3_64bits_withSeed(block.data(), block.size(), key.low ^ (key.high * 31) ^ layout_);
}

}  // namespace loci
