// Remembers how short words were encoded. One cache a thread, shared by all tokenizers of the process:
// direct-mapped, bounded (1 MiB), no locks. It only saves time: a word that is not there is encoded anew, to
// the same ids.
#pragma once

#define XXH_INLINE_ALL
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>
#include <xxhash.h>

#include "base/ids.h"

namespace loci {

class WordCache {
 public:
  static constexpr std::size_t kMaxBytes = 26, kMaxIds = 8;

  /// This thread's cache.
  static WordCache& local();
  /// A number that no other model of this process has: whose words are meant.
  static std::uint32_t new_owner();

  static std::uint64_t hash(std::string_view word) { return XXH3_64bits(word.data(), word.size()); }
  /// Appends the ids of `word` to `out`, if it is there. `hash` is hash(word).
  bool append(std::uint32_t owner, std::uint64_t hash, std::string_view word,
              std::vector<TokenId>& out) const {
    const Entry& entry = entries_[hash & kMask];
    if (entry.owner != owner || entry.bytes != word.size() ||
        std::memcmp(entry.word, word.data(), word.size()) != 0)
      return false;
    if (entry.count == 1)
      out.push_back(entry.ids[0]);  // most words are one token
    else
      out.insert(out.end(), entry.ids, entry.ids + entry.count);
    return true;
  }
  /// Does nothing where word or ids are too long.
  void put(std::uint32_t owner, std::uint64_t hash, std::string_view word, std::span<const TokenId> ids);

 private:
  struct alignas(64) Entry {  // one cache line
    std::uint32_t owner = 0;  // 0: free
    std::uint8_t bytes = 0, count = 0;
    char word[kMaxBytes] = {};
    TokenId ids[kMaxIds] = {};
  };
  static constexpr std::size_t kEntries = 16384, kMask = kEntries - 1;

  WordCache() : entries_(kEntries) {}
  std::vector<Entry> entries_;
};

/// Appends the ids of `word`: remembered, or from encode_anew(word, ids), which begins with no ids.
template <class Encode>
void encode_cached(std::uint32_t owner, std::string_view word, std::vector<TokenId>& out,
                   Encode encode_anew) {
  if (word.size() > WordCache::kMaxBytes) {
    std::vector<TokenId> long_word;  // its own, so that the thread does not keep the memory of a huge word
    encode_anew(word, long_word);
    out.insert(out.end(), long_word.begin(), long_word.end());
    return;
  }
  WordCache& cache = WordCache::local();
  const std::uint64_t hash = WordCache::hash(word);
  if (cache.append(owner, hash, word, out)) return;
  thread_local std::vector<TokenId> ids;
  ids.clear();
  encode_anew(word, ids);
  cache.put(owner, hash, word, ids);
  out.insert(out.end(), ids.begin(), ids.end());
}

}  // namespace loci
