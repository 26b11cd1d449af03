#include "sim/oracle_cache.h"

#include <limits>
#include <set>
#include <unordered_map>

namespace loci::sim {
namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

struct KeyHash {
  std::size_t operator()(const BlockKey& key) const { return key.low; }  // a hash already
};

}  // namespace

void OracleCache::add(std::span<const BlockKey> blocks, bool counts) {
  uses_.push_back({blocks_.size(), blocks_.size() + blocks.size(), counts});
  blocks_.insert(blocks_.end(), blocks.begin(), blocks.end());
}

std::uint64_t OracleCache::hits(std::size_t capacity) const {
  // next[i]: when what stands at i is asked for again, as the number of the use.
  std::vector<std::size_t> next(blocks_.size(), kNever);
  std::unordered_map<BlockKey, std::size_t, KeyHash> following;
  for (std::size_t use = uses_.size(); use-- > 0;)
    for (std::size_t i = uses_[use].begin; i < uses_[use].end; ++i) {
      const auto known = following.find(blocks_[i]);
      if (known != following.end()) next[i] = known->second;
      if (uses_[use].counts) following.insert_or_assign(blocks_[i], use);
    }

  // A block is never needed without those before it, which are therefore needed no later.
  std::set<std::pair<std::size_t, std::size_t>> by_next;  // of what is cached: next use, place
  std::unordered_map<BlockKey, std::pair<std::size_t, std::size_t>, KeyHash> cached;
  std::uint64_t hits = 0;
  for (const Use& use : uses_)
    for (std::size_t i = use.begin; i < use.end; ++i) {
      if (const auto known = cached.find(blocks_[i]); known != cached.end()) {
        hits += use.counts;
        by_next.erase(known->second);
        cached.erase(known);
      }
      if (next[i] == kNever) continue;
      const std::pair place{next[i], i};
      by_next.insert(place);
      cached.emplace(blocks_[i], place);
      if (cached.size() <= capacity) continue;
      const auto last = std::prev(by_next.end());
      cached.erase(blocks_[last->second]);
      by_next.erase(last);
    }
  return hits;
}

}  // namespace loci::sim
