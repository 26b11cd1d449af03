// A quantized row as integers under scales: what integer dot products multiply. The scalar definition; the
// kernels read the same from their packed panels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace loci {

/// 32 elements of a row: element i = scale[i / 16] * codes[i] + minimum[i / 16].
struct IntegerBlock {
  std::array<std::int16_t, 32> codes;  // -128..127
  std::array<float, 2> scale, minimum;
};

/// How a format's 32 elements are scaled.
struct IntegerFormat {
  bool halves;   // each 16 elements have a scale of their own; else both scales and both minima are equal
  bool minimum;  // minima may differ from 0
};

/// nullptr for the types that are not integers under scales (floats, and the IQ types of grids).
const IntegerFormat* integer_format(DType dtype);

/// Reads `elements` stored elements, a multiple of the type's block, into elements / 32 blocks.
void read_integer_blocks(DType dtype, const std::byte* source, std::size_t elements, IntegerBlock* blocks);

}  // namespace loci
