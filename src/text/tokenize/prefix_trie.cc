#include "text/tokenize/prefix_trie.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/check.h"

namespace loci {

PrefixTrie::PrefixTrie() {
  resize(1024);
}

void PrefixTrie::resize(std::size_t slots) {
  const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(slots));
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);
  for (const Entry& entry : old)
    if (entry.key != kEmpty) entries_[place_of(entry.key)] = entry;
}

void PrefixTrie::add(std::string_view key, std::int32_t value) {
  LOCI_CHECK(value >= 0);
  longest_ = std::max(longest_, key.size());
  std::uint32_t node = kRoot;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (std::size_t{nodes_} * 3 > entries_.size() * 2) resize(entries_.size() * 2);
    const std::uint64_t wanted = key_of(node, key[i]);
    Entry& entry = entries_[place_of(wanted)];
    if (entry.key == kEmpty) {
      LOCI_CHECK(nodes_ < std::numeric_limits<std::uint32_t>::max());
      entry = {wanted, nodes_++, kNoValue};
    }
    if (i + 1 == key.size() && entry.value == kNoValue) entry.value = value;
    node = entry.child;
  }
}

}  // namespace loci
