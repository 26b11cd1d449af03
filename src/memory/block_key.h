// The identity of a block's content: a chained hash, so that equal keys mean equal tokens at equal positions
// of the same owner (vLLM's automatic prefix caching, Kwon et al. 2023).
//
//   key[i] = H(key[i - 1], tokens of block i),   key[-1] = the namespace
//
// H is XXH3 of 128 bits: two different prefixes among a billion share a key with a chance of 10^-21.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace loci {

struct BlockKey {
  std::uint64_t high = 0, low = 0;
  bool operator==(const BlockKey&) const = default;
};

/// Who may share: blocks of different namespaces are never equal. Made by the server out of the authenticated
/// principal and the request's salt, never taken from the caller as it is.
struct CacheNamespace {
  std::uint64_t value = 0;
};

/// The keys of a sequence's whole blocks, as far as its tokens are known.
class KeyChain {
 public:
  KeyChain(CacheNamespace owner, int block_tokens) : owner_(owner), block_tokens_(block_tokens) {}

  /// Keys of the blocks that `tokens` fills, all tokens of the sequence so far. O(new blocks).
  void extend(std::span<const TokenId> tokens);

  /// Makes room for `blocks` keys.
  void reserve(int blocks) { keys_.reserve(static_cast<std::size_t>(blocks)); }

  int size() const { return static_cast<int>(keys_.size()); }
  std::span<const BlockKey> keys() const { return keys_; }
  const BlockKey& operator[](int block) const { return keys_[static_cast<std::size_t>(block)]; }

 private:
  CacheNamespace owner_;
  int block_tokens_;
  std::vector<BlockKey> keys_;
};

}  // namespace loci
