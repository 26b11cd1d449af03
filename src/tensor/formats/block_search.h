// The search behind the quantizers of the K-quants and IQ4: of all scales (and minima) of a few neighbouring
// elements the ones under which rounding to codes loses least, by the sum of weight * (x - x')^2.
//
// With the codes fixed, the best scale is that of a line through points (weighted least squares); with the
// scale fixed, the best code is the nearest. So the search starts from several scales around the one that
// just covers the range, takes for each the nearest codes and for those the best line, and keeps the best of
// all: Lloyd 1982, "Least squares quantization in PCM", for codebooks that have a scale (and an offset) as
// the only freedom.
//
// Deterministic: four lanes, added up in one order. Inputs may be any floats; NaN and infinities give codes
// without meaning, but no undefined behaviour.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace loci {

/// Four floats at once, on any processor.
using Float4 = float __attribute__((vector_size(16)));

inline Float4 load4(const float* from) {
  Float4 lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
inline float sum4(Float4 lanes) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}
/// Within [low, high]; NaN becomes `low`.
inline Float4 clamp4(Float4 x, float low, float high) {
  const Float4 lowest = Float4{} + low, highest = Float4{} + high;
  x = x > lowest ? x : lowest;
  return x < highest ? x : highest;
}
/// The nearest integer, halves to even, of |x| < 2^22: beside 1.5 * 2^23 there is no room for a fraction.
inline Float4 nearest4(Float4 x) {
  constexpr float kNoFraction = 12582912.0f;
  return (x + kNoFraction) - kNoFraction;
}
inline float nearest_between(float x, float low, float high) {
  return nearest4(clamp4(Float4{} + x, low, high))[0];
}

/// Elements below this are nothing to binary16 scales, and their inverses are infinite.
inline constexpr float kTooSmallToScale = 1e-30f;

/// Starts of the search to each side of the scale that just covers the range. Twice as many take 0.05 % off
/// the error of normally distributed elements, half as many add 0.1 %.
inline constexpr int kSteps = 4;

/// 0 for the scale 0, under which all codes are alike.
inline float inverse_or_zero(float scale) {
  return std::fabs(scale) < kTooSmallToScale ? 0.0f : 1.0f / scale;
}

/// N elements and what their errors weigh: windows on arrays that outlive this.
template <std::size_t N>
struct Elements {
  static_assert(N % 4 == 0);
  const float *x, *weight;
};

/// Codes that are the integers Low..High.
template <int Low, int High>
struct IntegerCodes {
  static constexpr float kLow = Low, kHigh = High;
  static constexpr float kReach = 0.8f;  // how far from the outermost value the search lets the extreme lie
  /// What the nearest code of x / scale stands for, as a multiple of the scale.
  static Float4 nearest(Float4 scaled) { return nearest4(clamp4(scaled, kLow, kHigh)); }
  /// The code as it is stored, from 0.
  static unsigned stored(float scaled) {
    return static_cast<unsigned>(static_cast<int>(nearest_between(scaled, kLow, kHigh)) - Low);
  }
};

// ---- x = scale * value(code) ----

/// Of one choice of codes: sum w x v and sum w v v. The best scale is xv / vv, and it takes xv * xv / vv off
/// the error.
struct ScaleSums {
  float xv = 0, vv = 0;
  float scale() const { return vv > 0 ? xv / vv : 0.0f; }
  float gain() const { return vv > 0 ? xv * xv / vv : 0.0f; }
};

template <class Codes, std::size_t N>
ScaleSums sums_at(const Elements<N>& elements, float scale) {
  const float inverse = inverse_or_zero(scale);
  Float4 xv{}, vv{};
  for (std::size_t i = 0; i < N; i += 4) {
    const Float4 x = load4(elements.x + i), w = load4(elements.weight + i);
    const Float4 v = Codes::nearest(x * inverse), wv = w * v;
    xv += wv * x;
    vv += wv * v;
  }
  return {sum4(xv), sum4(vv)};
}

template <class Codes, std::size_t N>
float error_at(const Elements<N>& elements, float scale) {
  const float inverse = inverse_or_zero(scale);
  Float4 error{};
  for (std::size_t i = 0; i < N; i += 4) {
    const Float4 x = load4(elements.x + i);
    const Float4 off = x - scale * Codes::nearest(x * inverse);
    error += load4(elements.weight + i) * off * off;
  }
  return sum4(error);
}

/// The element of largest magnitude, the first of equals, with its sign.
template <std::size_t N>
float extreme_of(const Elements<N>& elements) {
  float extreme = 0;
  for (std::size_t i = 0; i < N; ++i)
    if (std::fabs(elements.x[i]) > std::fabs(extreme)) extreme = elements.x[i];
  return extreme;
}

/// The best scale found, of either sign: the extreme may have the lowest code or the highest.
template <class Codes, std::size_t N>
float search_scale(const Elements<N>& elements) {
  const float extreme = extreme_of(elements);
  if (std::fabs(extreme) < kTooSmallToScale) return 0;
  float best_scale = 0, best_gain = 0;
  const auto consider = [&](float scale) {
    const ScaleSums sums = sums_at<Codes>(elements, scale);
    if (!(sums.gain() > best_gain)) return;
    best_gain = sums.gain();
    best_scale = sums.scale();
  };
  // From leaving the outermost code nearly empty to clipping the extreme.
  for (const float end : {Codes::kLow, Codes::kHigh})
    for (int step = -kSteps; step <= kSteps; ++step)
      consider(extreme / (end + Codes::kReach / kSteps * static_cast<float>(step)));
  for (int round = 0; round < 2; ++round) consider(best_scale);
  return best_scale;
}

// ---- x = scale * code - minimum, codes from 0, scale and minimum not negative ----

struct Line {
  float scale = 0, minimum = 0;
};

struct LineSums {
  float w = 0, x = 0, q = 0, xq = 0, qq = 0;

  /// Weighted least squares; where the best minimum is negative, the best line without one.
  Line line() const {
    const float determinant = w * qq - q * q;
    if (determinant > 0) {
      const Line best{(w * xq - x * q) / determinant, (q * xq - qq * x) / determinant};
      if (best.scale > 0 && best.minimum >= 0) return best;
    }
    return {qq > 0 && xq > 0 ? xq / qq : 0.0f, 0};
  }
};

template <std::size_t N>
LineSums sums_at(const Elements<N>& elements, Line line, float highest) {
  const float inverse = inverse_or_zero(line.scale);
  Float4 sw{}, sx{}, sq{}, sxq{}, sqq{};
  for (std::size_t i = 0; i < N; i += 4) {
    const Float4 x = load4(elements.x + i), w = load4(elements.weight + i);
    const Float4 q = nearest4(clamp4((x + line.minimum) * inverse, 0, highest)), wx = w * x, wq = w * q;
    sw += w;
    sx += wx;
    sq += wq;
    sxq += wx * q;
    sqq += wq * q;
  }
  return {sum4(sw), sum4(sx), sum4(sq), sum4(sxq), sum4(sqq)};
}

template <std::size_t N>
float error_at(const Elements<N>& elements, Line line, float highest) {
  const float inverse = inverse_or_zero(line.scale);
  Float4 error{};
  for (std::size_t i = 0; i < N; i += 4) {
    const Float4 x = load4(elements.x + i);
    const Float4 q = nearest4(clamp4((x + line.minimum) * inverse, 0, highest));
    const Float4 off = x - (line.scale * q - line.minimum);
    error += load4(elements.weight + i) * off * off;
  }
  return sum4(error);
}

/// The best line found.
template <std::size_t N>
Line search_line(const Elements<N>& elements, float highest) {
  float low = 0, high = elements.x[0];
  for (std::size_t i = 0; i < N; ++i) {
    low = elements.x[i] < low ? elements.x[i] : low;
    high = elements.x[i] > high ? elements.x[i] : high;
  }
  if (!(high - low > kTooSmallToScale)) return {0, -low};
  Line best{0, -low};
  float best_error = error_at(elements, best, highest);
  const auto consider = [&](Line start) {
    const Line line = sums_at(elements, start, highest).line();
    const float error = error_at(elements, line, highest);
    if (!(error < best_error)) return;
    best_error = error;
    best = line;
  };
  // From one code more than the range needs to one less, the range's middle kept.
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float more = static_cast<float>(step) / kSteps;  // codes
    const float scale = (high - low) / (highest + more);
    const float minimum = -low - more / 2 * scale;
    consider({scale, minimum > 0 ? minimum : 0.0f});
  }
  for (int round = 0; round < 2; ++round) consider(best);
  return best;
}

}  // namespace loci
