#include "kernels/widen_rows.h"

#include <cstring>

#include "kernels/packed_matrix.h"
#include "tensor/formats/iq.h"

namespace loci::kernels {

template <class Block>
void widen_rows(const std::byte* panel, long first, int columns, float* out) {
  constexpr long kPart = kIqPartElements;
  for (long at = first; at < first + columns; at += kPart, out += kPart * kPanelRows) {
    const std::byte* blocks = panel + at / Block::kElements * kPanelRows * static_cast<long>(sizeof(Block));
    float rows[kPanelRows][kPart];
    for (std::size_t lane = 0; lane < kPanelRows; ++lane) {
      Block block;
      std::memcpy(&block, blocks + lane * sizeof block, sizeof block);
      dequantize_part(block, static_cast<std::size_t>(at % Block::kElements / kPart), rows[lane]);
    }
    for (long c = 0; c < kPart; ++c)
      for (long lane = 0; lane < kPanelRows; ++lane) out[c * kPanelRows + lane] = rows[lane][c];
  }
}

template void widen_rows<BlockIQ1_S>(const std::byte*, long, int, float*);
template void widen_rows<BlockIQ1_M>(const std::byte*, long, int, float*);
template void widen_rows<BlockIQ2_XXS>(const std::byte*, long, int, float*);
template void widen_rows<BlockIQ2_XS>(const std::byte*, long, int, float*);
template void widen_rows<BlockIQ2_S>(const std::byte*, long, int, float*);
template void widen_rows<BlockIQ3_XXS>(const std::byte*, long, int, float*);
template void widen_rows<BlockIQ3_S>(const std::byte*, long, int, float*);

}  // namespace loci::kernels
