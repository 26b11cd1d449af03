// Columns of a panel whose rows lie in it block by block, not interleaved: for formats whose codes are looked
// up in tables, which a vector of 16 rows gains nothing from. Compiled for no instruction set in particular.
#pragma once

#include <cstddef>

namespace loci::kernels {

/// Columns [first, first + columns), multiples of 32, as floats [column][16].
template <class Block>
void widen_rows(const std::byte* panel, long first, int columns, float* out);

}  // namespace loci::kernels
