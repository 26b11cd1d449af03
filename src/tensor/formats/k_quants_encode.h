// The quantizers of the K-quants: 256 floats to a block whose scales (and minima) were searched for
// (block_scales.h). The codes are ours, not ggml's: the layouts leave open how they are found.
#pragma once

#include "tensor/formats/k_quants.h"

namespace loci {

BlockQ2_K quantize_block_q2_k(const float* in);
BlockQ3_K quantize_block_q3_k(const float* in);
BlockQ4_K quantize_block_q4_k(const float* in);
BlockQ5_K quantize_block_q5_k(const float* in);
BlockQ6_K quantize_block_q6_k(const float* in);

}  // namespace loci
