// Random weights in any format that matrices have, for models that nobody trained: their values follow a
// normal distribution with mean 0, so that activations stay of one size, and every bit pattern is one that a
// file might hold. A row is a function of seed, stream and row number alone.
//
// Formats whose quantizer only rounds get normal values, rounded. Those without one, or whose quantizer
// searches for its scales, get blocks of random codes and sub-block scales; the block's own scale is chosen
// so that the values have the deviation asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace loci {

/// Whether a matrix can have this type: all but the plain numbers.
bool can_be_random(DType dtype);

class RandomWeights {
 public:
  /// `dtype` must be one that can_be_random().
  RandomWeights(DType dtype, double deviation, std::uint64_t seed);

  /// Row `row` of the matrix named by `stream`: row_bytes(dtype, columns) bytes.
  void fill_row(std::uint64_t stream, std::uint64_t row, std::size_t columns, std::byte* destination) const;

 private:
  DType dtype_;
  float scale_;  // of normal values, or of the random blocks
  std::uint64_t seed_;
};

}  // namespace loci
