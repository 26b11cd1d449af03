// The most of its prompts that a fleet could have found cached: what a cache of as many blocks would do that
// knows the future. A real one is measured against it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "memory/block_key.h"

namespace loci::sim {

/// Records who asks for which blocks. Memory grows with the run.
class OracleCache {
 public:
  /// A request came whose prompt consists of these blocks (and perhaps a part of one more).
  void asked(std::span<const BlockKey> blocks) { add(blocks, true); }
  /// A request ended: the KV of these blocks has been computed.
  void computed(std::span<const BlockKey> blocks) { add(blocks, false); }

  /// Of all blocks asked for, how many a cache of `capacity` blocks could have had: it gives up the block
  /// whose next use is farthest, or does not take it at all (MIN; Belady 1966, Mattson et al. 1970).
  std::uint64_t hits(std::size_t capacity) const;

 private:
  struct Use {
    std::size_t begin, end;  // of blocks_
    bool counts;
  };
  void add(std::span<const BlockKey> blocks, bool counts);

  std::vector<BlockKey> blocks_;
  std::vector<Use> uses_;
};

}  // namespace loci::sim
