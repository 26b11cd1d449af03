// The vector of cpu/avx512/vec.h once more, under the name of this instruction set: see
// cpu/avx512_bf16/vec.h.
#pragma once

#define avx512 amx
#include "kernels/cpu/avx512/vec.h"
#undef avx512
