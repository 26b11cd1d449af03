// Remembers how short words were encoded. One cache a thread, shared by all tokenizers of the process:
// direct-mapped, bounded (1 MiB), no locks. It only saves time: a word that is not there is encoded anew, to
// the same ids.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace loci {

class WordCache {
 public:
  static constexpr std::size_t kMaxBytes = 26, kMaxIds = 8;

  /// This thread's cache.
  static WordCache& local();
  /// A number that no other model of this process has: whose words are meant.
  static std::uint32_t new_owner();

  /// Appends the ids of `word` to `out`, if it is there. `hash` is any good hash of the word.
  bool append(std::uint32_t owner, std::uint64_t hash, std::string_view word,
              std::vector<TokenId>& out) const {
    const Entry& entry = entries_[hash & kMask];
    if (entry.owner != owner || entry.bytes != word.size() ||
        std::memcmp(entry.word, word.data(), word.size()) != 0)
      return false;
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

}  // namespace loci
