#include "sched/chunk/chunk.h"

#include <array>

namespace loci {

std::span<const ChunkPolicy> chunk_policies() {
  static constexpr std::array kTable{ChunkPolicy{"fixed", chunk_fixed}, ChunkPolicy{"slo", chunk_slo},
                                     ChunkPolicy{"splitfuse", chunk_splitfuse}};
  return kTable;
}

}  // namespace loci
