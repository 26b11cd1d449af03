#include "text/tokenize/merge_table.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "base/check.h"

namespace loci {
namespace {

// Below this, scanning for the lowest rank costs less than a heap.
constexpr std::size_t kShortWord = 32;

/// Words of at most kShortWord ids: the ranks of all neighbours lie in one array that is searched each time.
void merge_short(const MergeTable& merges, std::vector<TokenId>& ids) {
  MergeTable::Merge pair[kShortWord];  // [i]: of ids[i] and ids[i + 1]
  std::size_t count = ids.size();
  for (std::size_t i = 0; i + 1 < count; ++i) pair[i] = merges.find(ids[i], ids[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i)
      if (pair[i].rank < pair[best].rank) best = i;
    if (pair[best].rank == MergeTable::kNoMerge) break;
    ids[best] = pair[best].merged;
    std::copy(ids.begin() + static_cast<std::ptrdiff_t>(best) + 2,
              ids.begin() + static_cast<std::ptrdiff_t>(count),
              ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    std::copy(pair + best + 1, pair + count - 1, pair + best);
    --count;
    if (best > 0) pair[best - 1] = merges.find(ids[best - 1], ids[best]);
    if (best + 1 < count) pair[best] = merges.find(ids[best], ids[best + 1]);
  }
  ids.resize(count);
}

/// Long words: a linked list of the ids and a heap of (rank, position). An entry whose pair has changed since
/// is stale and skipped; each merge adds at most two entries.
class LongWord {
 public:
  LongWord(const MergeTable& merges, std::vector<TokenId>& ids)
      : merges_(merges), ids_(ids), links_(ids.size()) {
    LOCI_CHECK(ids.size() < kEnd);
    const auto count = static_cast<std::uint32_t>(ids.size());
    for (std::uint32_t i = 0; i < count; ++i)
      links_[i] = {i == 0 ? kEnd : i - 1, i + 1 < count ? i + 1 : kEnd};
    for (std::uint32_t i = 0; i + 1 < count; ++i) {
      const std::uint32_t rank = merges_.find(ids_[i], ids_[i + 1]).rank;
      if (rank != MergeTable::kNoMerge) heap_.push_back(entry(rank, i));
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  void run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      const std::uint64_t top = heap_.back();
      heap_.pop_back();
      const auto at = static_cast<std::uint32_t>(top);
      const std::uint32_t right = links_[at].next;
      if (ids_[at] == kGone || right == kEnd) continue;
      const MergeTable::Merge merge = merges_.find(ids_[at], ids_[right]);
      if (merge.rank == top >> 32) join(at, right, merge.merged);
    }
    std::erase(ids_, kGone);
  }

 private:
  static constexpr std::uint32_t kEnd = 0xFFFFFFFF;
  static constexpr TokenId kGone = -1;
  struct Link {
    std::uint32_t previous, next;
  };
  static std::uint64_t entry(std::uint32_t rank, std::uint32_t at) { return std::uint64_t{rank} << 32 | at; }

  void join(std::uint32_t at, std::uint32_t right, TokenId merged) {
    ids_[at] = merged;
    ids_[right] = kGone;
    const std::uint32_t after = links_[right].next;
    links_[at].next = after;
    if (after != kEnd) links_[after].previous = at;
    if (links_[at].previous != kEnd) offer(links_[at].previous, at);
    if (after != kEnd) offer(at, after);
  }
  void offer(std::uint32_t at, std::uint32_t right) {
    const std::uint32_t rank = merges_.find(ids_[at], ids_[right]).rank;
    if (rank == MergeTable::kNoMerge) return;
    heap_.push_back(entry(rank, at));
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  const MergeTable& merges_;
  std::vector<TokenId>& ids_;
  std::vector<Link> links_;
  std::vector<std::uint64_t> heap_;
};

}  // namespace

MergeTable::MergeTable(std::size_t expected_merges) {
  resize(std::bit_ceil(std::max<std::size_t>(16, expected_merges * 2)));
}

void MergeTable::resize(std::size_t slots) {
  std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(slots));
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);
  count_ = 0;
  for (const Entry& entry : old)
    if (entry.key != kEmpty)
      add(static_cast<TokenId>(entry.key >> 32), static_cast<TokenId>(entry.key & 0xFFFFFFFF), entry.merge);
}

void MergeTable::add(TokenId left, TokenId right, Merge merge) {
  LOCI_CHECK(left >= 0 && right >= 0 && merge.rank < kNoMerge);
  if ((count_ + 1) * 2 > entries_.size()) resize(entries_.size() * 2);
  const std::uint64_t wanted = key(left, right);
  std::size_t i = slot(wanted);
  for (; entries_[i].key != kEmpty; i = (i + 1) & mask_)
    if (entries_[i].key == wanted) return;
  entries_[i] = {wanted, merge};
  ++count_;
}

void merge_all(const MergeTable& merges, std::vector<TokenId>& ids) {
  if (ids.size() <= kShortWord)
    merge_short(merges, ids);
  else
    LongWord(merges, ids).run();
}

}  // namespace loci
