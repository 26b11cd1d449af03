#include "memory/block_key.h"

#include <xxhash.h>

namespace loci {

void KeyChain::extend(std::span<const TokenId> tokens) {
  const auto block_tokens = static_cast<std::size_t>(block_tokens_);
  while ((keys_.size() + 1) * block_tokens <= tokens.size()) {
    const BlockKey parent = keys_.empty() ? BlockKey{owner_.value, 0} : keys_.back();
    const auto block = tokens.subspan(keys_.size() * block_tokens, block_tokens);
    // Both halves of the parent go in: one as the seed, one mixed with the result.
    const XXH128_hash_t hash = XXH3_128bits_withSeed(block.data(), block.size_bytes(), parent.low);
    const std::uint64_t mixed[3] = {parent.high, hash.high64, hash.low64};
    const XXH128_hash_t chained = XXH3_128bits(mixed, sizeof mixed);
    keys_.push_back({chained.high64, chained.low64});
  }
}

}  // namespace loci
