// What the prefix index gained and lost, for routers that send a request to the server that holds its prefix:
// a bounded record, read by number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "memory/block_key.h"

namespace loci {

struct KvEvent {
  enum class Kind { kStored, kRemoved, kCleared };
  Kind kind = Kind::kStored;
  std::uint64_t number = 0;     // 1, 2, ...
  BlockKey key, parent;         // parent: zero for the first block of a prompt, and where a block is removed
  std::vector<TokenId> tokens;  // of a stored block
};

class KvEvents {
 public:
  explicit KvEvents(std::size_t kept) : ring_(kept) {}

  bool enabled() const { return !ring_.empty(); }
  std::uint64_t last_number() const { return last_; }
  void add(KvEvent&& event) {
    if (!enabled()) return;
    event.number = ++last_;
    ring_[event.number % ring_.size()] = std::move(event);
  }
  /// Those behind `number` that are still there, oldest first, at most `most`. A gap shows in the numbers.
  std::vector<KvEvent> after(std::uint64_t number, std::size_t most) const {
    std::vector<KvEvent> found;
    const std::uint64_t oldest = last_ < ring_.size() ? 1 : last_ - ring_.size() + 1;
    for (std::uint64_t n = std::max(number + 1, oldest); n <= last_ && found.size() < most; ++n)
      found.push_back(ring_[n % ring_.size()]);
    return found;
  }

 private:
  std::vector<KvEvent> ring_;
  std::uint64_t last_ = 0;
};

}  // namespace loci
