#include "text/tokenize/word_cache.h"

#include <algorithm>
#include <atomic>

namespace loci {

WordCache& WordCache::local() {
  thread_local WordCache cache;
  return cache;
}

std::uint32_t WordCache::new_owner() {
  static std::atomic<std::uint32_t> last = 0;
  return ++last;
}

void WordCache::put(std::uint32_t owner, std::uint64_t hash, std::string_view word,
                    std::span<const TokenId> ids) {
  if (word.size() > kMaxBytes || ids.size() > kMaxIds) return;
  Entry& entry = entries_[hash & kMask];
  entry.owner = owner;
  entry.bytes = static_cast<std::uint8_t>(word.size());
  entry.count = static_cast<std::uint8_t>(ids.size());
  std::copy(word.begin(), word.end(), entry.word);
  std::copy(ids.begin(), ids.end(), entry.ids);
}

}  // namespace loci
