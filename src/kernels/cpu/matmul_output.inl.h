// What becomes of finished sums: they are written, added, or activated and rounded for the next matrix.
#pragma once

#include "kernels/cpu/activate.inl.h"
#include "kernels/cpu/grain.h"
#include "kernels/cpu/quantize.inl.h"
#include "kernels/ops.h"

namespace loci::kernels {

/// With the biases of the 16 rows of `panel`, of which `count` exist.
template <class Vec>
Vec add_bias(const MatmulArgs& args, int panel, int count, Vec sums) {
  if (args.bias == nullptr) return sums;
  return sums + Vec::load_first(args.bias + offset(panel, args.panel_step), count);
}

/// Writes the finished sums of the 16 rows of `panel` for token `token`, less those beyond the last row.
template <class Vec>
void write_sums(const MatmulArgs& args, int panel, int token, Vec sums) {
  float* output = args.output + offset(token, args.output_stride) + offset(panel, args.panel_step);
  const int left = args.weight.rows - panel * kPanelRows;
  const int count = left < kPanelRows ? left : kPanelRows;
  sums = add_bias(args, panel, count, sums);
  if (args.mode == MatmulOutput::kAccumulate) sums = Vec::load_first(output, count) + sums;
  sums.store_first(output, count);
}

/// The sums of some panels and rows, where a kernel gathered them: at(panel, row) are 16 floats. Panels from
/// `begin` on lie in groups of `together`, [group][row][panel of it][16], but from `single` on alone. The
/// functions below take whatever has `begin`, `rows` and `at`.
template <class Vec>
struct PanelSums {
  const float* sums;
  int begin, single, together, rows;

  Vec at(int panel, int row) const {
    const bool alone = panel >= single;
    const int group = alone ? 1 : together, slot = alone ? 0 : (panel - begin) % together;
    return Vec::load(sums + (offset(panel - slot - begin, rows) + offset(row, group) + slot) * kPanelRows);
  }
};

/// Features [16 i, 16 i + 16) of a row: f of a panel's results, times those of the next where gated.
template <class Vec, Activation kKind, class Sums>
inline __attribute__((always_inline)) Vec activated(const MatmulArgs& args, const Sums& sums, int i,
                                                    int row) {
  const auto result = [&](int panel) {
    const int left = args.weight.rows - panel * kPanelRows;
    return add_bias(args, panel, left < kPanelRows ? left : kPanelRows, sums.at(panel, row));
  };
  if (!args.gated) return activate_lanes<Vec, kKind>(result(i));
  return activate_lanes<Vec, kKind>(result(2 * i)) * result(2 * i + 1);
}

template <class Vec, Activation kKind, class Sums>
void write_activated(const MatmulArgs& args, int end, int first, const Sums& sums) {
  const int features = args.output_stride, panels = args.gated ? 2 : 1;
  for (int row = 0; row < sums.rows; ++row)
    for (int i = sums.begin / panels; i < end / panels; ++i) {
      const Vec low = activated<Vec, kKind>(args, sums, i, row);
      if (args.bytes != nullptr) {
        QuantizedBlock& block = args.bytes[offset(i / 2, args.tokens) + first + row];
        quantize_lanes(low, activated<Vec, kKind>(args, sums, ++i, row), block);
      } else {
        const int left = features - i * kPanelRows;
        low.store_first(args.output + offset(first + row, features) + offset(i, kPanelRows),
                        left < kPanelRows ? left : kPanelRows);
      }
    }
}

/// Panels [sums.begin, end) of rows [first, first + sums.rows). For kActivate `sums.begin` and `end` are
/// multiples of kActivatedPanels, but at the last panel.
static constexpr int kActivatedPanels = 4;  // a block of bytes of two gated panels
template <class Vec, class Sums>
void finish_panels(const MatmulArgs& args, int end, int first, const Sums& sums) {
  if (args.mode == MatmulOutput::kActivate)
    return for_activation(args.activation,
                          [&](auto kind) { write_activated<Vec, kind()>(args, end, first, sums); });
  for (int row = 0; row < sums.rows; ++row)
    for (int panel = sums.begin; panel < end; ++panel)
      write_sums(args, panel, first + row, sums.at(panel, row));
}

}  // namespace loci::kernels
