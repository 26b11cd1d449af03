#pragma once

#include "kernels/cpu/grain.h"
#include "kernels/ops.h"

namespace loci::kernels {

/// Writes the finished sums of the 16 rows of `panel` for token `token`, less those beyond the last row.
template <class Vec>
void write_sums(const MatmulArgs& args, int panel, int token, Vec sums) {
  float* output = args.output + offset(token, args.output_stride) + offset(panel, kPanelRows);
  const int left = args.weight.rows - panel * kPanelRows;
  const int count = left < kPanelRows ? left : kPanelRows;
  if (args.bias != nullptr) sums = sums + Vec::load_first(args.bias + offset(panel, kPanelRows), count);
  if (args.mode == MatmulOutput::kAccumulate) sums = Vec::load_first(output, count) + sums;
  sums.store_first(output, count);
}

}  // namespace loci::kernels
