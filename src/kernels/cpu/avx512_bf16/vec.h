// The vector of cpu/avx512/vec.h once more, under the name of this instruction set: templates over it must
// not share symbols with those that are compiled for processors without BF16 instructions.
#pragma once

#define avx512 avx512_bf16
#include "kernels/cpu/avx512/vec.h"
#undef avx512
