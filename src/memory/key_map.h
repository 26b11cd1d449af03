// A hash map from block keys to small values, with open addressing and no allocation once it has grown to the
// size that it needs. Keys are hashes already: their low bits choose the slot.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "memory/block_key.h"

namespace loci {

template <class Value>
class KeyMap {
 public:
  explicit KeyMap(std::size_t expected = 0) : slots_(capacity_for(expected)) {}

  Value* find(const BlockKey& key) {
    for (std::size_t i = home(key); slots_[i].used; i = next(i))
      if (slots_[i].key == key) return &slots_[i].value;
    return nullptr;
  }
  const Value* find(const BlockKey& key) const { return const_cast<KeyMap*>(this)->find(key); }

  /// False, with nothing changed, if the key is there.
  bool insert(const BlockKey& key, Value value) {
    if (find(key) != nullptr) return false;
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    place(key, std::move(value));
    ++size_;
    return true;
  }

  /// False if the key is not there. What was displaced by it moves back, so that no tombstones gather.
  bool erase(const BlockKey& key) {
    std::size_t hole = home(key);
    while (slots_[hole].used && slots_[hole].key != key) hole = next(hole);
    if (!slots_[hole].used) return false;
    for (std::size_t i = next(hole); slots_[i].used; i = next(i)) {
      const std::size_t wanted = home(slots_[i].key), mask = slots_.size() - 1;
      if (((i - wanted) & mask) < ((i - hole) & mask)) continue;  // is at home behind the hole
      slots_[hole] = std::move(slots_[i]);
      hole = i;
    }
    slots_[hole].used = false;
    --size_;
    return true;
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    BlockKey key;
    Value value{};
    bool used = false;
  };

  static std::size_t capacity_for(std::size_t expected) { return std::bit_ceil(expected * 2 + 8); }
  std::size_t home(const BlockKey& key) const { return key.low & (slots_.size() - 1); }
  std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
  void place(const BlockKey& key, Value value) {
    std::size_t i = home(key);
    while (slots_[i].used) i = next(i);
    slots_[i] = {key, std::move(value), true};
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old)
      if (slot.used) place(slot.key, std::move(slot.value));
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace loci
