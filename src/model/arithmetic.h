#pragma once

namespace loci {

/// What a model's matrices are multiplied in.
enum class Arithmetic {
  kNative,   // what suits their type: quantized weights meet activations rounded to bytes, BF16 weights such
             // rounded to BF16, where the processor multiplies it (kernels/quantized_rows.h)
  kFloat32,  // the weights stay as they are in memory, every product is one of floats (LayerCast, Yuan et al.
             // 2025)
};

}  // namespace loci
