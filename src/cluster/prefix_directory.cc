#include "cluster/prefix_directory.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace loci::cluster {

std::size_t HolderTable::home(const BlockKey& key) const {
  return static_cast<std::size_t>((key.low * 0x9E3779B97F4A7C15U) >> shift_);  // 2^64 / golden ratio
}

std::size_t HolderTable::slot_of(const BlockKey& key) const {
  std::size_t i = home(key);
  while (slots_[i].holders != 0 && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
  return i;
}

std::uint64_t HolderTable::find(const BlockKey& key) const {
  return slots_[slot_of(key)].holders;
}

bool HolderTable::add(const BlockKey& key, std::uint64_t bit) {
  std::size_t i = slot_of(key);
  if (slots_[i].holders == 0) {
    if ((size_ + 1) * 4 > slots_.size() * 3) {
      rehash(slots_.size() * 2);
      i = slot_of(key);
    }
    slots_[i] = {key, bit};
    ++size_;
    return true;
  }
  if ((slots_[i].holders & bit) != 0) return false;
  slots_[i].holders |= bit;
  return true;
}

bool HolderTable::remove(const BlockKey& key, std::uint64_t bit) {
  const std::size_t i = slot_of(key);
  if ((slots_[i].holders & bit) == 0) return false;
  slots_[i].holders &= ~bit;
  if (slots_[i].holders == 0) erase(i);
  return true;
}

/// What was displaced by the slot moves back, so that no tombstones gather.
void HolderTable::erase(std::size_t hole) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = (hole + 1) & mask; slots_[i].holders != 0; i = (i + 1) & mask) {
    const std::size_t wanted = home(slots_[i].key);
    if (((i - wanted) & mask) < ((i - hole) & mask)) continue;  // is at home behind the hole
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole].holders = 0;
  --size_;
}

void HolderTable::clear(std::uint64_t bit) {
  for (Slot& slot : slots_) {
    if (slot.holders == 0) continue;
    slot.holders &= ~bit;
    if (slot.holders == 0) --size_;
  }
  rehash(std::bit_ceil(std::max<std::size_t>(16, size_ * 2)));
}

void HolderTable::rehash(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  shift_ = 64 - std::countr_zero(slots);
  for (const Slot& slot : old)
    if (slot.holders != 0) slots_[slot_of(slot.key)] = slot;
}

PrefixDirectory::Replica& PrefixDirectory::replica_at(int replica) {
  LOCI_CHECK(replica >= 0);
  const auto index = static_cast<std::size_t>(replica);
  if (index >= replicas_.size()) {
    replicas_.resize(index + 1);
    tables_.resize(index / 64 + 1);
  }
  return replicas_[index];
}

void PrefixDirectory::stored(int replica, const BlockKey& key) {
  Replica& holder = replica_at(replica);
  if (holder.blocks >= max_blocks_) {
    ++dropped_;
  } else if (table_of(replica).add(key, bit_of(replica))) {
    ++holder.blocks;
  }
}

void PrefixDirectory::removed(int replica, const BlockKey& key) {
  if (!knows(replica)) return;
  if (table_of(replica).remove(key, bit_of(replica))) --replica_at(replica).blocks;
}

void PrefixDirectory::cleared(int replica) {
  if (!knows(replica) || replica_at(replica).blocks == 0) return;
  table_of(replica).clear(bit_of(replica));
  replica_at(replica).blocks = 0;
}

bool PrefixDirectory::apply(int replica, std::span<const KvEvent> events) {
  bool complete = true;
  for (const KvEvent& event : events) {
    const std::uint64_t last = replica_at(replica).last_event;
    if (event.number <= last) continue;
    if (event.number != last + 1) {
      cleared(replica);
      complete = false;
    }
    replica_at(replica).last_event = event.number;
    switch (event.kind) {
      case KvEvent::Kind::kStored:
        stored(replica, event.key);
        break;
      case KvEvent::Kind::kRemoved:
        removed(replica, event.key);
        break;
      case KvEvent::Kind::kCleared:
        cleared(replica);
        break;
    }
  }
  return complete;
}

std::uint64_t PrefixDirectory::last_event(int replica) const {
  return knows(replica) ? replicas_[static_cast<std::size_t>(replica)].last_event : 0;
}

void PrefixDirectory::forget(int replica) {
  if (!knows(replica)) return;
  cleared(replica);
  replica_at(replica).last_event = 0;
}

namespace {

constexpr std::size_t kAhead = 8;  // slots that are on their way while one is looked at

/// Calls lost(mask, blocks) for those of `alive` whose match ends after `blocks` blocks.
template <class Lost>
void walk(const HolderTable& table, std::span<const BlockKey> keys, std::uint64_t alive, const Lost& lost) {
  for (std::size_t i = 0; i < std::min(kAhead, keys.size()); ++i) table.prefetch(keys[i]);
  std::size_t i = 0;
  for (; i < keys.size() && alive != 0; ++i) {
    if (i + kAhead < keys.size()) table.prefetch(keys[i + kAhead]);
    const std::uint64_t gone = alive & ~table.find(keys[i]);
    if (gone == 0) continue;
    lost(gone, static_cast<int>(i));
    alive &= ~gone;
  }
  if (alive != 0) lost(alive, static_cast<int>(i));
}

}  // namespace

int PrefixDirectory::match(int replica, std::span<const BlockKey> keys) const {
  if (!knows(replica)) return 0;
  int blocks = 0;
  walk(tables_[static_cast<std::size_t>(replica) / 64], keys, bit_of(replica),
       [&](std::uint64_t, int end) { blocks = end; });
  return blocks;
}

void PrefixDirectory::match_all(std::span<const BlockKey> keys, std::span<int> matches) const {
  std::ranges::fill(matches, 0);
  for (std::size_t group = 0; group < tables_.size() && group * 64 < matches.size(); ++group) {
    const auto here = matches.subspan(group * 64, std::min<std::size_t>(64, matches.size() - group * 64));
    const std::uint64_t all = here.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here.size()) - 1;
    walk(tables_[group], keys, all, [&](std::uint64_t lost, int end) {
      for (; lost != 0; lost &= lost - 1) here[static_cast<std::size_t>(std::countr_zero(lost))] = end;
    });
  }
}

std::size_t PrefixDirectory::blocks(int replica) const {
  return knows(replica) ? replicas_[static_cast<std::size_t>(replica)].blocks : 0;
}

std::size_t PrefixDirectory::bytes() const {
  std::size_t slots = 0;
  for (const HolderTable& table : tables_) slots += table.slots();
  return slots * (sizeof(BlockKey) + sizeof(std::uint64_t));
}

}  // namespace loci::cluster
