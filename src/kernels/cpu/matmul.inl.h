// Two ways to the same sums. For a few tokens (matmul_stream.inl.h) the weights are read once, straight into
// registers: the speed is that of the memory. For many tokens (matmul_tile.inl.h) they are dequantized into a
// buffer in the cache and every tile of tokens reuses them: the speed is that of the multipliers.
#pragma once

#include "kernels/cpu/matmul_stream.inl.h"
#include "kernels/cpu/matmul_tile.inl.h"
#include "kernels/cpu/panel.inl.h"

namespace loci::kernels {

template <class Vec>
void matmul(const MatmulArgs& args, WorkerPool& pool) {
  with_panel_format<Vec>(args.weight.dtype, [&]<class Panel>(Panel) {
    if (args.tokens <= kStreamTokens) {
      matmul_stream<Vec, Panel>(args, pool);
    } else {
      matmul_tiles<Vec, Panel>(args, pool);
    }
  });
}

}  // namespace loci::kernels
