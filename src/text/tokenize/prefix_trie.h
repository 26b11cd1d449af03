// All strings of a set that a text begins with, in one walk over its bytes. Filled, then immutable.
// Open addressing over (node, byte): a step is about one cache line. Memory: 16 bytes a slot, at most two
// thirds full; a node for every distinct prefix.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace loci {

class PrefixTrie {
 public:
  static constexpr std::int32_t kNoValue = -1;

  PrefixTrie();

  /// `value` is not negative; of equal keys the first stays. The empty key is not kept.
  void add(std::string_view key, std::int32_t value);
  std::size_t longest() const { return longest_; }  // bytes of the longest key

  /// Calls visit(length, value) for every key that `text` begins with, the shortest first.
  template <class Visit>
  void match(std::string_view text, Visit&& visit) const {
    std::uint32_t node = kRoot;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const Entry& entry = entries_[place_of(key_of(node, text[i]))];
      if (entry.key == kEmpty) return;
      if (entry.value != kNoValue) visit(i + 1, entry.value);
      node = entry.child;
    }
  }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static constexpr std::uint32_t kRoot = 0;
  struct Entry {
    std::uint64_t key = kEmpty;  // node and byte
    std::uint32_t child = 0;
    std::int32_t value = kNoValue;  // of the key that ends at the child
  };

  static std::uint64_t key_of(std::uint32_t node, char byte) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(byte);
  }
  std::size_t slot(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> shift_);
  }
  std::size_t place_of(std::uint64_t key) const {  // where it is, or would be
    std::size_t i = slot(key);
    while (entries_[i].key != key && entries_[i].key != kEmpty) i = (i + 1) & mask_;
    return i;
  }
  void resize(std::size_t slots);

  std::vector<Entry> entries_;
  std::size_t mask_ = 0, longest_ = 0;
  std::uint32_t nodes_ = 1;  // the root
  int shift_ = 0;
};

}  // namespace loci
