// Byte-pair encoding proper: which two neighbours become one, and the loop that does it.
// Sennrich et al. 2016, arXiv:1508.07909. Of all neighbours that have a merge, the one of the lowest rank
// goes first, of equals the leftmost; until none is left.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace loci {

/// (left, right) -> (rank, merged). Open addressing with linear probing, at most half full: a look-up is one
/// cache line.
class MergeTable {
 public:
  static constexpr std::uint32_t kNoMerge = 0xFFFFFFFF;
  struct Merge {
    std::uint32_t rank;  // kNoMerge: there is none
    TokenId merged;
  };

  explicit MergeTable(std::size_t expected_merges = 0);

  /// The first merge of a pair stays. Ranks are below kNoMerge.
  void add(TokenId left, TokenId right, Merge merge);

  Merge find(TokenId left, TokenId right) const {
    const std::uint64_t wanted = key(left, right);
    for (std::size_t i = slot(wanted);; i = (i + 1) & mask_) {
      if (entries_[i].key == wanted) return entries_[i].merge;
      if (entries_[i].key == kEmpty) return {kNoMerge, 0};
    }
  }

 private:
  struct Entry {
    std::uint64_t key = kEmpty;
    Merge merge{kNoMerge, 0};
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};  // no pair: ids are not negative

  static std::uint64_t key(TokenId left, TokenId right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t slot(std::uint64_t k) const {
    return static_cast<std::size_t>((k * 0x9E3779B97F4A7C15u) >> shift_);
  }
  void resize(std::size_t slots);

  std::vector<Entry> entries_;
  std::size_t mask_ = 0, count_ = 0;
  int shift_ = 0;
};

/// Merges the neighbours in `ids` until no merge is left. O(n log n) for n ids.
void merge_all(const MergeTable& merges, std::vector<TokenId>& ids);

}  // namespace loci
