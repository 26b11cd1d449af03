// A queue of small numbers by rank, lowest first, from the middle of which a number can be taken. Equal ranks
// go by a second number, highest first, then by the smaller entry. No allocation once it has grown.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace loci {

class RankHeap {
 public:
  /// Room for the entries 0..entries - 1.
  void reserve(std::size_t entries) {
    heap_.reserve(entries);
    place_.reserve(entries);
  }
  bool empty() const { return heap_.empty(); }
  int size() const { return static_cast<int>(heap_.size()); }
  std::uint32_t top() const { return heap_.front().entry; }
  bool contains(std::uint32_t entry) const { return entry < place_.size() && place_[entry] != kNowhere; }

  /// `entry` is not in the heap. O(log n)
  void push(std::uint32_t entry, double rank, int depth) {
    if (entry >= place_.size()) place_.resize(entry + std::size_t{1}, kNowhere);
    heap_.push_back({rank, depth, entry});
    place_[entry] = static_cast<std::uint32_t>(heap_.size() - 1);
    up(heap_.size() - 1);
  }
  /// Does nothing if `entry` is not in the heap. O(log n)
  void remove(std::uint32_t entry) {
    if (!contains(entry)) return;
    const std::size_t hole = place_[entry];
    place_[entry] = kNowhere;
    const Item last = heap_.back();
    heap_.pop_back();
    if (hole == heap_.size()) return;
    put(hole, last);
    up(hole);
    down(hole);
  }

 private:
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  struct Item {
    double rank;
    int depth;
    std::uint32_t entry;
  };
  static bool before(const Item& a, const Item& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.depth != b.depth) return a.depth > b.depth;
    return a.entry < b.entry;
  }
  void put(std::size_t i, const Item& item) {
    heap_[i] = item;
    place_[item.entry] = static_cast<std::uint32_t>(i);
  }
  void exchange(std::size_t i, std::size_t j) {
    const Item other = heap_[i];
    put(i, heap_[j]);
    put(j, other);
  }
  void up(std::size_t i) {
    for (; i > 0 && before(heap_[i], heap_[(i - 1) / 2]); i = (i - 1) / 2) exchange(i, (i - 1) / 2);
  }
  void down(std::size_t i) {
    for (;;) {
      std::size_t first = i;
      for (const std::size_t child : {2 * i + 1, 2 * i + 2})
        if (child < heap_.size() && before(heap_[child], heap_[first])) first = child;
      if (first == i) return;
      exchange(i, first);
      i = first;
    }
  }

  std::vector<Item> heap_;
  std::vector<std::uint32_t> place_;  // [entry] -> index in heap_
};

}  // namespace loci
