// kernels/math.h on sixteen lanes: the same steps, hence the same bits (there it says why they are right).
#pragma once

#include "kernels/math.h"

namespace loci::kernels {

template <class Vec>
Vec exp_lanes(Vec x) {
  using C = ExpConstants;
  const Vec shifted = fma(x, Vec::splat(C::kLog2E), Vec::splat(C::kRound));
  const Vec n = shifted - Vec::splat(C::kRound);
  const Vec r = fma(n, Vec::splat(-C::kLn2Low), fma(n, Vec::splat(-C::kLn2High), x));
  Vec series = Vec::splat(C::kTerm[7]);
#pragma GCC unroll 8
  for (int k = 6; k >= 0; --k) series = fma(series, r, Vec::splat(C::kTerm[k]));
  Vec result = add_to_exponent(series, shifted);
  result = where_less(x, Vec::splat(C::kLowest), Vec::zero(), result);
  result = where_less(Vec::splat(C::kHighest), x, Vec::splat(__builtin_inff()), result);
  return where_nan(x, x, result);
}

template <class Vec>
Vec tanh_lanes(Vec x) {
  const Vec one = Vec::splat(1.0f);
  return one - Vec::splat(2.0f) / (exp_lanes(x + x) + one);
}

template <class Vec>
Vec gaussian_tail_lanes(Vec a) {
  using C = GaussianTailConstants;
  const Vec s = Vec::splat(1.0f) / fma(a, Vec::splat(0.25f), Vec::splat(1.0f));
  Vec series = Vec::splat(C::kTerm[9]);
#pragma GCC unroll 10
  for (int k = 8; k >= 0; --k) series = fma(series, s, Vec::splat(C::kTerm[k]));
  return series * exp_lanes(a * a * Vec::splat(-0.5f));
}

}  // namespace loci::kernels
