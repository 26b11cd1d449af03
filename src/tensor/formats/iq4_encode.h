// The quantizers of IQ4_NL and IQ4_XS: floats to a block whose scales were searched for (block_scales.h).
#pragma once

#include "tensor/formats/iq4.h"

namespace loci {

BlockIQ4_NL quantize_block_iq4_nl(const float* in);
BlockIQ4_XS quantize_block_iq4_xs(const float* in);

}  // namespace loci
