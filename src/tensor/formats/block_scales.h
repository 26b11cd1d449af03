// The second half of the search (block_search.h): a block's sub-blocks each have a small integer for their
// scale (and minimum), in units that the block stores as binary16. Rounding those integers costs as much as
// rounding the elements, so they are chosen by the elements' error too: in turns, for the units at hand each
// sub-block tries the neighbours of its rounded integers, and for those integers the units follow from least
// squares over the block.
#pragma once

#include <array>
#include <cstddef>
#include <limits>

#include "tensor/formats/block_search.h"
#include "tensor/formats/half.h"

namespace loci {

inline constexpr int kUnitRounds = 2;

/// What the elements' errors weigh: w = |x| + the root mean square of their sub-block. Trained weights are
/// not alike: the few that stand out carry more of a product than their share.
template <std::size_t N>
void set_weights(const float* x, float* weight) {
  Float4 squares{};
  for (std::size_t i = 0; i < N; i += 4) squares += load4(x + i) * load4(x + i);
  const float deviation = std::sqrt(sum4(squares) / N);
  for (std::size_t i = 0; i < N; ++i) weight[i] = deviation + std::fabs(x[i]);
}

/// The binary16 at `unit` or next to it away from 0, so that the largest scale is no more than its integer
/// can say: small units are subnormal numbers, between which much is lost.
inline std::uint16_t unit_not_below(float unit) {
  const std::uint16_t nearest = f32_to_f16(unit);
  const bool below = std::fabs(f16_to_f32(nearest)) < std::fabs(unit) && std::fabs(unit) < 65504.0f;
  return below ? static_cast<std::uint16_t>(nearest + 1) : nearest;
}

/// `Count` sub-blocks of `Size` elements.
template <std::size_t Count, std::size_t Size>
struct SubBlocks {
  static constexpr std::size_t kCount = Count, kSize = Size;
  explicit SubBlocks(const float* elements) : x(elements) {
    for (std::size_t k = 0; k < Count; ++k) set_weights<Size>(x + k * Size, &weight[k * Size]);
  }
  Elements<Size> operator[](std::size_t k) const { return {x + k * Size, &weight[k * Size]}; }

  const float* x;
  std::array<float, Count * Size> weight;
};

// ---- x = unit * scale * value(code), scales the integers Low..High ----

template <std::size_t Count>
struct Scales {
  std::uint16_t unit = 0;  // binary16
  std::array<int, Count> scale{};
  float error = std::numeric_limits<float>::infinity();

  float of(std::size_t k) const { return f16_to_f32(unit) * static_cast<float>(scale[k]); }
};

/// The integers for `unit`: of three neighbours the best, each sub-block by itself.
template <class Codes, int Low, int High, std::size_t Count, std::size_t Size>
Scales<Count> round_scales(const SubBlocks<Count, Size>& blocks, const std::array<float, Count>& wanted,
                           std::uint16_t unit_bits) {
  Scales<Count> rounded{.unit = unit_bits, .error = 0};
  const float unit = f16_to_f32(unit_bits), inverse = inverse_or_zero(unit);
  for (std::size_t k = 0; k < Count; ++k) {
    const int middle = static_cast<int>(nearest_between(wanted[k] * inverse, Low, High));
    float least = std::numeric_limits<float>::infinity();
    for (const int s : {middle, middle - 1, middle + 1}) {
      if (s < Low || s > High) continue;
      const float error = error_at<Codes>(blocks[k], unit * static_cast<float>(s));
      if (!(error < least)) continue;
      least = error;
      rounded.scale[k] = s;
    }
    rounded.error += least;
  }
  return rounded;
}

/// The unit that suits these integers best, with the codes that they have under the present one.
template <class Codes, std::size_t Count, std::size_t Size>
std::uint16_t refit_unit(const SubBlocks<Count, Size>& blocks, const Scales<Count>& scales) {
  float xv = 0, vv = 0;
  for (std::size_t k = 0; k < Count; ++k) {
    const ScaleSums sums = sums_at<Codes>(blocks[k], scales.of(k));
    const auto s = static_cast<float>(scales.scale[k]);
    xv += s * sums.xv;
    vv += s * s * sums.vv;
  }
  return vv > 0 ? f32_to_f16(xv / vv) : scales.unit;
}

template <class Codes, int Low, int High, std::size_t Count, std::size_t Size>
Scales<Count> search_scales(const SubBlocks<Count, Size>& blocks) {
  std::array<float, Count> wanted;
  float extreme = 0;
  for (std::size_t k = 0; k < Count; ++k) {
    wanted[k] = search_scale<Codes>(blocks[k]);
    if (std::fabs(wanted[k]) > std::fabs(extreme)) extreme = wanted[k];
  }
  Scales<Count> best;
  std::uint16_t unit = unit_not_below(extreme / Low);  // of its two ends the lower reaches further
  for (int round = 0; round <= kUnitRounds; ++round) {
    const auto scales = round_scales<Codes, Low, High>(blocks, wanted, unit);
    if (!(scales.error < best.error)) break;
    best = scales;
    unit = refit_unit<Codes>(blocks, best);
  }
  return best;
}

// ---- x = scale_unit * scale * code - minimum_unit * minimum, integers 0..Top, codes 0..highest ----

template <std::size_t Count>
struct Lines {
  std::uint16_t scale_unit = 0, minimum_unit = 0;  // binary16
  std::array<int, Count> scale{}, minimum{};
  float error = std::numeric_limits<float>::infinity();

  Line of(std::size_t k) const {
    return {f16_to_f32(scale_unit) * static_cast<float>(scale[k]),
            f16_to_f32(minimum_unit) * static_cast<float>(minimum[k])};
  }
};

template <int Top, std::size_t Count, std::size_t Size>
Lines<Count> round_lines(const SubBlocks<Count, Size>& blocks, const std::array<Line, Count>& wanted,
                         float highest, std::uint16_t scale_bits, std::uint16_t minimum_bits) {
  Lines<Count> rounded{.scale_unit = scale_bits, .minimum_unit = minimum_bits, .error = 0};
  const float scale_unit = f16_to_f32(scale_bits), minimum_unit = f16_to_f32(minimum_bits);
  for (std::size_t k = 0; k < Count; ++k) {
    const auto s0 = static_cast<int>(nearest_between(wanted[k].scale * inverse_or_zero(scale_unit), 0, Top));
    const auto m0 =
        static_cast<int>(nearest_between(wanted[k].minimum * inverse_or_zero(minimum_unit), 0, Top));
    float least = std::numeric_limits<float>::infinity();
    for (const int s : {s0, s0 - 1, s0 + 1})
      for (const int m : {m0, m0 - 1, m0 + 1}) {
        if (s < 0 || s > Top || m < 0 || m > Top) continue;
        const Line line{scale_unit * static_cast<float>(s), minimum_unit * static_cast<float>(m)};
        const float error = error_at(blocks[k], line, highest);
        if (!(error < least)) continue;
        least = error;
        rounded.scale[k] = s, rounded.minimum[k] = m;
      }
    rounded.error += least;
  }
  return rounded;
}

/// Both units by least squares: x = d * (s q) - e * m.
template <std::size_t Count, std::size_t Size>
void refit_units(const SubBlocks<Count, Size>& blocks, const Lines<Count>& lines, float highest,
                 std::uint16_t& scale_unit, std::uint16_t& minimum_unit) {
  float qq = 0, qm = 0, mm = 0, xq = 0, xm = 0;
  for (std::size_t k = 0; k < Count; ++k) {
    const LineSums sums = sums_at(blocks[k], lines.of(k), highest);
    const auto s = static_cast<float>(lines.scale[k]), m = static_cast<float>(lines.minimum[k]);
    qq += s * s * sums.qq;
    qm += s * m * sums.q;
    mm += m * m * sums.w;
    xq += s * sums.xq;
    xm += m * sums.x;
  }
  const float determinant = qq * mm - qm * qm;
  if (!(determinant > 0)) return;
  const float d = (mm * xq - qm * xm) / determinant, e = (qm * xq - qq * xm) / determinant;
  if (!(d > 0 && e >= 0)) return;
  scale_unit = f32_to_f16(d);
  minimum_unit = f32_to_f16(e);
}

template <int Top, std::size_t Count, std::size_t Size>
Lines<Count> search_lines(const SubBlocks<Count, Size>& blocks, float highest) {
  std::array<Line, Count> wanted;
  float scale = 0, minimum = 0;
  for (std::size_t k = 0; k < Count; ++k) {
    wanted[k] = search_line(blocks[k], highest);
    scale = wanted[k].scale > scale ? wanted[k].scale : scale;
    minimum = wanted[k].minimum > minimum ? wanted[k].minimum : minimum;
  }
  Lines<Count> best;
  std::uint16_t scale_unit = unit_not_below(scale / Top), minimum_unit = unit_not_below(minimum / Top);
  for (int round = 0; round <= kUnitRounds; ++round) {
    const auto lines = round_lines<Top>(blocks, wanted, highest, scale_unit, minimum_unit);
    if (!(lines.error < best.error)) break;
    best = lines;
    refit_units(blocks, best, highest, scale_unit, minimum_unit);
  }
  return best;
}

}  // namespace loci
