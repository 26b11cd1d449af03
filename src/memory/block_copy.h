// Copies of whole blocks that a step needs before its kernels run, in the order in which they are to be made.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "memory/block_key.h"

namespace loci {

enum class BlockMove {
  kWithin,   // fast block to fast block: a copy on write
  kToHost,   // fast block to host slot, with its key and a checksum
  kFromHost  // host slot to fast block, checked (fourth law)
};

struct BlockCopy {
  BlockMove move;
  std::uint32_t from, to;  // block numbers, or slots of the host tier
  BlockKey key{};          // whose content it is; not for kWithin
};

}  // namespace loci
