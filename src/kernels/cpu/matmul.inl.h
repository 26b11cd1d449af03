// Integer arithmetic (matmul_integer.inl.h) where the inputs are bytes. In floats, three ways to the same
// sums. For a few tokens the weights are read once: straight into registers (matmul_stream.inl.h) where a
// format allows it, through a short buffer (matmul_strip.inl.h) where it does not; the speed is that of the
// memory. For many tokens (matmul_tile.inl.h) they are dequantized into a buffer in the cache and every tile
// of tokens reuses them: the speed is that of the multipliers.
#pragma once

#include "base/check.h"
#include "kernels/cpu/matmul_integer.inl.h"
#include "kernels/cpu/matmul_scaled.inl.h"
#include "kernels/cpu/matmul_stream.inl.h"
#include "kernels/cpu/matmul_strip.inl.h"
#include "kernels/cpu/matmul_tile.inl.h"

namespace loci::kernels {

template <class Vec>
void matmul_few(const MatmulArgs& args, WidenColumns widen, WorkerPool& pool) {
  const DType dtype = args.weight.dtype;
  if (args.weight.column_order != nullptr) return matmul_strips<Vec>(args, widen, pool);
  if (dtype == DType::kF32) return matmul_stream<Vec, PanelF32<Vec>>(args, pool);
  if (dtype == DType::kF16) return matmul_stream<Vec, PanelF16<Vec>>(args, pool);
  if (dtype == DType::kBF16 && args.weight.columns % 2 == 0)
    return matmul_stream<Vec, PanelBF16<Vec>>(args, pool);
  if (dtype == DType::kQ8_0) return matmul_stream<Vec, PanelQ8_0<Vec>>(args, pool);
  if (dtype == DType::kQ4_0) return matmul_stream<Vec, PanelQ4_0<Vec>>(args, pool);
  matmul_strips<Vec>(args, widen, pool);
}

template <class Vec>
void matmul(const MatmulArgs& args, WorkerPool& pool) {
  if (args.quantized != nullptr) {
    const auto multiply = integer_matmul<Vec>(args.weight.dtype);
    LOCI_CHECK(multiply != nullptr);
    return multiply(args, pool);
  }
  if (args.scaled.blocks != nullptr) return matmul_scaled<Vec>(args, pool);
  LOCI_CHECK(args.mode != MatmulOutput::kActivate);
  const WidenColumns widen = widener<Vec>(args.weight.dtype);
  LOCI_CHECK(widen != nullptr);
  if (args.tokens <= kStreamTokens)
    matmul_few<Vec>(args, widen, pool);
  else
    matmul_tiles<Vec>(args, widen, pool);
}

}  // namespace loci::kernels
