#include "memory/kv_memory.h"

#include <algorithm>

#include "base/check.h"

namespace loci {

BlockTable::~BlockTable() {
  if (!blocks_.empty()) memory_->release(*this, Time{});
}

KvMemory::KvMemory(const Options& options)
    : options_(options),
      pool_(options.blocks),
      index_(options.evict, options.block_tokens, options.blocks + options.host_blocks),
      node_of_block_(static_cast<std::size_t>(options.blocks), kNoNode),
      events_(options.kept_events) {
  LOCI_CHECK(options.block_tokens > 0 && options.host_blocks >= 0);
  for (int i = options.host_blocks; i-- > 0;) free_slots_.push_back(static_cast<HostSlot>(i));
}

PrefixMatch KvMemory::match(const KeyChain& chain, int most_blocks, Pace pace) const {
  PrefixMatch found;
  const int end = std::min(chain.size(), most_blocks);
  int i = 0;
  for (; i < end; ++i) {
    const NodeId id = index_.find(chain[i]);
    if (id == kNoNode) break;
    if (index_[id].fast) {
      ++found.fast_blocks;
      found.blocks_in_use += !index_[id].idle;
    } else {
      ++found.host_blocks;
    }
  }
  for (; i < end; ++i, ++found.pending_blocks) {
    const Pending* pending = pending_.find(chain[i]);
    if (pending == nullptr || !pending->serves(pace)) break;
  }
  return found;
}

std::vector<BlockId> KvMemory::fast_blocks(const KeyChain& chain) const {
  std::vector<BlockId> blocks;
  for (int i = 0; i < chain.size(); ++i) {
    const NodeId id = index_.find(chain[i]);
    if (id == kNoNode || !index_[id].fast) break;
    blocks.push_back(index_[id].fast->block);
  }
  return blocks;
}

// ---- Blocks come and go

std::optional<BlockId> KvMemory::acquire(Time now) {
  if (pool_.free() == 0) {
    const NodeId victim = index_.first_to_evict(now);
    if (victim == kNoNode) return std::nullopt;
    evict(victim, now);
  }
  return pool_.acquire();
}

/// An idle leaf leaves the fast tier: for the host tier, where there is one, or for good.
void KvMemory::evict(NodeId id, Time now) {
  ++stats_.evicted_blocks;
  if (!index_[id].host) demote(id);
  drop_fast(id, now);
}

void KvMemory::drop_fast(NodeId id, Time now) {
  const PrefixNode& node = index_[id];
  const BlockId block = node.fast->block;
  stats_.residency.add(now - node.released);
  if (!node.host) events_.add({KvEvent::Kind::kRemoved, 0, node.key, {}, {}});
  index_.remove_fast(id);
  node_of_block_[raw(block)] = kNoNode;
  pool_.drop(block);
  ++losses_;
}

/// Lists the copy of a block to the host tier, where there is one.
void KvMemory::demote(NodeId id) {
  if (!has_host_tier()) return;
  if (free_slots_.empty()) evict_host(index_.first_to_evict_from_host());
  const HostSlot slot = free_slots_.back();
  free_slots_.pop_back();
  copies_.push_back({BlockMove::kToHost, raw(index_[id].fast->block), slot, index_[id].key});
  index_.set_host(id, slot);
  ++stats_.demoted_blocks;
}

void KvMemory::evict_host(NodeId id) {
  LOCI_CHECK(id != kNoNode);
  const PrefixNode& node = index_[id];
  free_slots_.push_back(*node.host);
  if (!node.fast) {
    events_.add({KvEvent::Kind::kRemoved, 0, node.key, {}, {}});
    ++losses_;
  }
  index_.remove_host(id);
}

/// The fast block of a node has one holder more.
void KvMemory::hold(NodeId id, Time now) {
  if (index_[id].idle) {
    stats_.reuse_gap.add(now - index_[id].released);
    index_.set_held(id);
  }
  pool_.hold(*index_[id].fast);
}

void KvMemory::release_block(BlockId block, Time now) {
  pool_.release(block);
  const NodeId id = node_of(block);
  if (id == kNoNode || pool_.holders(block) > 0) return;
  index_.set_idle(id, now);
  ++losses_;  // who starts from it has to hold it himself
}

// ---- Tables

void KvMemory::hold_prefix(BlockTable& table, const KeyChain& chain, int blocks, Time now) {
  LOCI_CHECK(table.blocks_.empty() && table.sealed_ == 0);
  for (int i = 0; i < blocks; ++i) {
    const NodeId id = index_.find(chain[i]);
    if (id == kNoNode || !index_[id].fast) break;
    hold(id, now);
    index_.hit(id);
    table.blocks_.push_back(raw(index_[id].fast->block));
    ++table.sealed_;
  }
}

bool KvMemory::fetch_prefix(BlockTable& table, const KeyChain& chain, int blocks, Time now) {
  const int before = table.block_count();
  if (blocks - before > available()) return false;
  for (int i = before; i < blocks; ++i) {
    // An acquisition below may push this very block out of the host tier, or another sequence of this step
    // may have brought it back.
    NodeId id = index_.find(chain[i]);
    if (id != kNoNode && index_[id].fast) {
      hold(id, now);
    } else {
      const auto block = acquire(now);
      LOCI_CHECK(block.has_value());
      id = index_.find(chain[i]);
      if (id == kNoNode) {
        release_block(*block, now);
        return true;  // shorter than promised: what lacks is computed
      }
      copies_.push_back({BlockMove::kFromHost, *index_[id].host, raw(*block), chain[i]});
      index_.add_fast(chain[i], i == 0 ? kNoNode : node_of(table.block(i - 1)), i, pool_.reference(*block));
      node_of_block_[raw(*block)] = id;
      pool_.keep(*block);
      ++stats_.promoted_blocks;
      ++growth_;
    }
    index_.hit(id);
    table.blocks_.push_back(raw(index_[id].fast->block));
    ++table.sealed_;
  }
  return true;
}

bool KvMemory::grow(BlockTable& table, int tokens, Time now) {
  const int missing = blocks_for(tokens, options_.block_tokens) - table.block_count();
  if (missing > available()) return false;
  for (int i = 0; i < missing; ++i) {
    const auto block = acquire(now);
    LOCI_CHECK(block.has_value());
    table.blocks_.push_back(raw(*block));
  }
  return true;
}

void KvMemory::reserve(BlockTable& table, int tokens) const {
  table.blocks_.reserve(static_cast<std::size_t>(blocks_for(tokens, options_.block_tokens)));
}

bool KvMemory::is_shared(const BlockTable& table, int position) const {
  const int index = position / options_.block_tokens;
  return index < table.block_count() && pool_.holders(table.block(index)) > 1;
}

int KvMemory::shared_blocks(const BlockTable& table) const {
  return static_cast<int>(std::ranges::count_if(
      table.blocks_, [this](std::uint32_t block) { return pool_.holders(static_cast<BlockId>(block)) > 1; }));
}

bool KvMemory::make_writable(BlockTable& table, int position, Time now) {
  if (!is_shared(table, position)) return true;
  const auto own = acquire(now);
  if (!own) return false;
  auto& entry = table.blocks_[static_cast<std::size_t>(position / options_.block_tokens)];
  copies_.push_back({BlockMove::kWithin, entry, raw(*own), {}});
  release_block(static_cast<BlockId>(entry), now);
  entry = raw(*own);
  ++stats_.copied_on_write;
  return true;
}

void KvMemory::count_lookup(int prompt_tokens, int found_tokens, int host_tokens) {
  stats_.queried_tokens += static_cast<std::uint64_t>(prompt_tokens);
  stats_.hit_tokens += static_cast<std::uint64_t>(found_tokens);
  stats_.host_hit_tokens += static_cast<std::uint64_t>(host_tokens);
}

void KvMemory::fork(const BlockTable& from, BlockTable& to) {
  LOCI_CHECK(to.blocks_.empty());
  for (const std::uint32_t block : from.blocks_) pool_.share(static_cast<BlockId>(block));
  to.blocks_ = from.blocks_;
  to.sealed_ = from.sealed_;
}

void KvMemory::seal(BlockTable& table, const KeyChain& chain, int tokens, std::span<const TokenId> tokens_of,
                    Time now) {
  const int whole = tokens / options_.block_tokens;
  LOCI_CHECK(whole <= chain.size() && whole <= table.block_count());
  for (int i = table.sealed_; i < whole; ++i) {
    const BlockId own = table.block(i);
    const NodeId known = index_.find(chain[i]);
    ++table.sealed_;
    if (known != kNoNode && index_[known].fast && index_[known].fast->block == own)
      continue;  // a fork of this sequence was first
    if (known != kNoNode && index_[known].fast) {
      // Computed twice. Both blocks hold the same bits (first law): one is enough.
      hold(known, now);
      release_block(own, now);
      table.blocks_[static_cast<std::size_t>(i)] = raw(index_[known].fast->block);
      ++stats_.merged_blocks;
      continue;
    }
    const NodeId parent = i == 0 ? kNoNode : node_of(table.block(i - 1));
    node_of_block_[raw(own)] = index_.add_fast(chain[i], parent, i, pool_.reference(own));
    pool_.keep(own);
    ++stats_.stored_blocks;
    ++growth_;
    if (known != kNoNode || !events_.enabled()) continue;
    const auto block_tokens = static_cast<std::size_t>(options_.block_tokens);
    const auto stored = tokens_of.subspan(static_cast<std::size_t>(i) * block_tokens, block_tokens);
    events_.add({KvEvent::Kind::kStored,
                 0,
                 chain[i],
                 i == 0 ? BlockKey{} : chain[i - 1],
                 {stored.begin(), stored.end()}});
  }
}

void KvMemory::retain(const BlockTable& table, int index, int priority, Time expires) {
  if (index >= table.sealed_) return;
  index_.retain(node_of(table.block(index)), priority, expires);
}

void KvMemory::shrink(BlockTable& table, int blocks, Time now) {
  while (table.block_count() > blocks) {  // from the end: a leaf before its parent
    const BlockId block = table.block(table.block_count() - 1);
    table.blocks_.pop_back();
    release_block(block, now);
  }
  table.sealed_ = std::min(table.sealed_, blocks);
}

void KvMemory::copy_to_host(const BlockTable& table, Time) {
  if (!has_host_tier()) return;
  for (int i = 0; i < table.sealed_; ++i) {
    const BlockId block = table.block(i);
    if (pool_.holders(block) == 1 && !index_[node_of(block)].host) demote(node_of(block));
  }
}

void KvMemory::forget(const KeyChain& chain, int first, Time now) {
  for (int i = chain.size(); i-- > first;) {
    NodeId id = index_.find(chain[i]);
    if (id == kNoNode) continue;
    if (index_[id].host) evict_host(id);
    id = index_.find(chain[i]);
    if (id != kNoNode && index_[id].idle && index_[id].fast_children == 0) drop_fast(id, now);
  }
}

void KvMemory::clear_cache(Time now) {
  while (index_.first_to_evict_from_host() != kNoNode) evict_host(index_.first_to_evict_from_host());
  for (NodeId id = index_.first_to_evict(now); id != kNoNode; id = index_.first_to_evict(now))
    drop_fast(id, now);
  events_.add({KvEvent::Kind::kCleared, 0, {}, {}, {}});
}

// ---- Prefixes that are being computed

void KvMemory::announce(const KeyChain& chain, int first, int end, Pace pace) {
  for (int i = first; i < end; ++i) {
    pending_.insert(chain[i], {});  // does nothing where it is
    ++pending_.find(chain[i])->at(pace);
  }
  if (first < end) ++growth_;
}

void KvMemory::withdraw(const KeyChain& chain, int first, int end, Pace pace) {
  for (int i = first; i < end; ++i) {
    Pending* pending = pending_.find(chain[i]);
    LOCI_CHECK(pending != nullptr && pending->at(pace) > 0);
    --pending->at(pace);
    if (pending->steady + pending->idle == 0) pending_.erase(chain[i]);
  }
  if (first < end) ++growth_;
}

// ---- Copies

std::span<const BlockCopy> KvMemory::take_copies() {
  taken_copies_.clear();
  taken_copies_.swap(copies_);
  return taken_copies_;
}

void KvMemory::check_invariants(std::span<const BlockTable* const> tables) const {
  pool_.check_invariants();
  index_.check_invariants(pool_);
  std::vector<int> holders(static_cast<std::size_t>(pool_.total()));
  for (const BlockTable* table : tables)
    for (const std::uint32_t block : table->blocks_) ++holders[block];
  for (std::size_t i = 0; i < holders.size(); ++i) {
    const auto block = static_cast<BlockId>(i);
    LOCI_CHECK(holders[i] == pool_.holders(block));
    LOCI_CHECK(pool_.is_kept(block) == (node_of(block) != kNoNode));
    if (node_of(block) == kNoNode) continue;
    LOCI_CHECK(index_[node_of(block)].fast->block == block);
    LOCI_CHECK(index_[node_of(block)].idle == (holders[i] == 0));
  }
}

}  // namespace loci
