#include "memory/prefix_index.h"

#include <algorithm>

#include "base/check.h"

namespace loci {
namespace {

constexpr auto kLater = [](const auto& a, const auto& b) { return a.at > b.at; };

}  // namespace

PrefixIndex::PrefixIndex(EvictFunction rank, int block_tokens, int nodes)
    : rank_(rank), block_tokens_(block_tokens), by_key_(static_cast<std::size_t>(nodes)) {
  const auto count = static_cast<std::size_t>(nodes);
  nodes_.reserve(count);
  alive_.reserve(count);
  unused_.reserve(count);
  leaves_.reserve(count);
  host_queue_.reserve(count);
}

NodeId PrefixIndex::find(const BlockKey& key) const {
  const NodeId* id = by_key_.find(key);
  return id == nullptr ? kNoNode : *id;
}

NodeId PrefixIndex::make(const BlockKey& key) {
  if (unused_.empty()) {
    unused_.push_back(static_cast<NodeId>(nodes_.size()));
    nodes_.emplace_back();
    alive_.push_back(false);
  }
  const NodeId id = unused_.back();
  unused_.pop_back();
  nodes_[id] = {};
  nodes_[id].key = key;
  alive_[id] = true;
  by_key_.insert(key, id);
  return id;
}

NodeId PrefixIndex::add_fast(const BlockKey& key, NodeId parent, int index, const BlockRef& block) {
  NodeId id = find(key);
  if (id == kNoNode) id = make(key);
  PrefixNode& node = nodes_[id];
  LOCI_CHECK(!node.fast && (parent == kNoNode) == (index == 0));
  node.fast = block;
  node.parent = parent;
  node.index = index;
  node.used = ++clock_;
  if (parent != kNoNode) {
    LOCI_CHECK(nodes_[parent].fast.has_value());
    ++nodes_[parent].fast_children;
    leaves_.remove(parent);
  }
  return id;
}

void PrefixIndex::remove_fast(NodeId id) {
  PrefixNode& node = nodes_[id];
  LOCI_CHECK(node.fast && node.idle && node.fast_children == 0);
  inflation_ = std::max(inflation_, rank_of(node));
  leaves_.remove(id);
  node.fast.reset();
  node.idle = false;
  const NodeId parent = node.parent;
  node.parent = kNoNode;
  forget_if_empty(id);
  if (parent == kNoNode) return;
  --nodes_[parent].fast_children;
  enqueue_if_leaf(parent);
}

void PrefixIndex::set_host(NodeId id, HostSlot slot) {
  PrefixNode& node = nodes_[id];
  LOCI_CHECK(!node.host);
  node.host = slot;
  host_queue_.push(id, rank_of(node), node.index);
}

void PrefixIndex::remove_host(NodeId id) {
  LOCI_CHECK(nodes_[id].host.has_value());
  nodes_[id].host.reset();
  host_queue_.remove(id);
  forget_if_empty(id);
}

void PrefixIndex::forget_if_empty(NodeId id) {
  const PrefixNode& node = nodes_[id];
  if (node.fast || node.host) return;
  by_key_.erase(node.key);
  alive_[id] = false;
  unused_.push_back(id);
}

void PrefixIndex::hit(NodeId id) {
  PrefixNode& node = nodes_[id];
  node.used = ++clock_;
  ++node.hits;
  if (!node.host) return;
  host_queue_.remove(id);
  host_queue_.push(id, rank_of(node), node.index);
}

void PrefixIndex::set_held(NodeId id) {
  LOCI_CHECK(nodes_[id].idle);
  nodes_[id].idle = false;
  leaves_.remove(id);
}

void PrefixIndex::set_idle(NodeId id, Time now) {
  PrefixNode& node = nodes_[id];
  LOCI_CHECK(node.fast && !node.idle);
  node.idle = true;
  node.used = ++clock_;
  node.released = now;
  enqueue_if_leaf(id);
}

void PrefixIndex::enqueue_if_leaf(NodeId id) {
  const PrefixNode& node = nodes_[id];
  if (node.idle && node.fast_children == 0 && !leaves_.contains(id))
    leaves_.push(id, rank_of(node), node.index);
}

void PrefixIndex::retain(NodeId id, int priority, Time expires) {
  PrefixNode& node = nodes_[id];
  node.priority = priority;
  node.expires = expires;
  if (expires != Time::max()) {
    expiries_.push_back({expires, id, node.key});
    std::ranges::push_heap(expiries_, kLater);
    if (expiries_.size() > 4 * nodes_.size() + 64) drop_stale_expiries();
  }
  if (!leaves_.contains(id)) return;
  leaves_.remove(id);
  enqueue_if_leaf(id);
}

bool PrefixIndex::is_current(const Expiry& expiry) const {
  const PrefixNode& node = nodes_[expiry.node];
  return alive_[expiry.node] && node.key == expiry.key && node.expires == expiry.at;
}

void PrefixIndex::drop_stale_expiries() {
  std::erase_if(expiries_, [this](const Expiry& expiry) { return !is_current(expiry); });
  std::ranges::sort(expiries_, [](const Expiry& a, const Expiry& b) {
    return a.at != b.at ? a.at < b.at : a.node < b.node;
  });
  const auto twins = std::ranges::unique(expiries_, {}, &Expiry::node);  // retained twice for the same time
  expiries_.erase(twins.begin(), twins.end());
  std::ranges::make_heap(expiries_, kLater);
}

/// Priorities whose time is over are the default's again.
void PrefixIndex::expire(Time now) {
  while (!expiries_.empty() && expiries_.front().at <= now) {
    const Expiry expiry = expiries_.front();
    std::ranges::pop_heap(expiries_, kLater);
    expiries_.pop_back();
    if (is_current(expiry)) retain(expiry.node, kDefaultRetentionPriority, Time::max());
  }
}

NodeId PrefixIndex::first_to_evict(Time now) {
  expire(now);
  return leaves_.empty() ? kNoNode : leaves_.top();
}

double PrefixIndex::rank_of(const PrefixNode& node) const {
  return rank_({node.used, node.index, block_tokens_, node.hits, node.priority, inflation_});
}

void PrefixIndex::check_invariants(const BlockPool& pool) const {
  std::size_t alive = 0;
  int idle_leaves = 0, on_host = 0;
  std::vector<int> children(nodes_.size());
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!alive_[id]) continue;
    ++alive;
    const PrefixNode& node = nodes_[id];
    LOCI_CHECK(find(node.key) == id && (node.fast || node.host) && (!node.idle || node.fast));
    on_host += node.host.has_value();
    LOCI_CHECK(node.host.has_value() == host_queue_.contains(id));
    if (!node.fast) continue;
    LOCI_CHECK(pool.is_current(*node.fast) && pool.is_kept(node.fast->block));
    LOCI_CHECK((node.parent == kNoNode) == (node.index == 0));
    if (node.parent == kNoNode) continue;
    const PrefixNode& parent = nodes_[node.parent];
    LOCI_CHECK(alive_[node.parent] && parent.fast && parent.index + 1 == node.index);
    LOCI_CHECK(!parent.idle || node.idle);
    ++children[node.parent];
  }
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!alive_[id]) continue;
    LOCI_CHECK(nodes_[id].fast_children == children[id]);
    const bool leaf = nodes_[id].idle && children[id] == 0;
    LOCI_CHECK(leaf == leaves_.contains(id));
    idle_leaves += leaf;
  }
  LOCI_CHECK(alive == by_key_.size() && idle_leaves == leaves_.size() && on_host == host_queue_.size());
}

}  // namespace loci
