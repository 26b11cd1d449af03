// A map of hashes to small values that remembers the `most` used last and forgets the others: what a router
// knows of sessions and prefixes stays bounded. O(1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace loci::cluster {

template <class Value>
class RecentMap {
 public:
  explicit RecentMap(std::size_t most) : most_(most) {}

  /// Null if it is not there; else it is the most recent now.
  Value* find(std::uint64_t key) {
    const auto found = where_.find(key);
    if (found == where_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }
  /// Does not count as a use.
  const Value* peek(std::uint64_t key) const {
    const auto found = where_.find(key);
    return found == where_.end() ? nullptr : &found->second->second;
  }
  /// The value of `key`, made if it is new: then the least recent goes where there are too many.
  Value& operator[](std::uint64_t key) {
    if (Value* known = find(key)) return *known;
    if (where_.size() >= most_) {
      where_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, Value{});
    where_[key] = order_.begin();
    return order_.front().second;
  }
  std::size_t size() const { return where_.size(); }

 private:
  using Order = std::list<std::pair<std::uint64_t, Value>>;  // most recent first
  std::size_t most_;
  Order order_;
  std::unordered_map<std::uint64_t, typename Order::iterator> where_;  // looked up, never walked
};

}  // namespace loci::cluster
