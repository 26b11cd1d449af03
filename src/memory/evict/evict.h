// Policy family: which cached block that nobody uses is given up first.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace loci {

/// A cached block at the moment when its last holder left.
struct CachedBlockView {
  std::uint64_t used;  // a count that rises with every use of any block: when it was used last
  int index;           // of the block in its chain; 0 begins a prompt
  int block_tokens;
  int hits;          // how often it was found
  int priority;      // 0..100 (TensorRT-LLM's scale)
  double inflation;  // the rank of the block that was given up last
};

inline constexpr int kDefaultRetentionPriority = 35;

/// The block of the lowest rank goes first; of equal ranks the deeper one of a chain, then the lower number.
using EvictFunction = double (*)(const CachedBlockView&);

struct EvictPolicy {
  std::string_view name;
  EvictFunction rank;
};

std::span<const EvictPolicy> evict_policies();
/// kInvalidArgument listing those that there are.
Result<EvictFunction> find_evict_policy(std::string_view name);

/// Least recently used first (RadixAttention, Zheng et al. 2024: leaves only, which the index sees to).
double evict_lru(const CachedBlockView& block);
/// Lowest priority first, then least recently used (TensorRT-LLM's retention priorities).
double evict_priority(const CachedBlockView& block);
/// GreedyDual-Size with frequency (Cherkasova 1998): inflation + hits x cost, where the cost of a block is
/// what computing it again takes: its tokens, and their attention to all before them.
double evict_cost(const CachedBlockView& block);

}  // namespace loci
