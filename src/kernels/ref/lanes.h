// Sixteen partial sums and the order in which they are folded: what a vector register does, written out.
#pragma once

#include <cmath>

namespace loci::kernels::ref {

inline constexpr int kLanes = 16;

struct Lanes {
  float lane[kLanes] = {};
};

/// lane i += lane i + 8, then + 4, + 2, + 1.
inline float fold_sum(Lanes sums) {
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) sums.lane[i] = sums.lane[i] + sums.lane[i + width];
  return sums.lane[0];
}

}  // namespace loci::kernels::ref
