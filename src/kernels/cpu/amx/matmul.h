// The products that AMX does better than vectors.
#pragma once

#include "kernels/ops.h"

namespace loci::kernels::amx {

/// Integer arithmetic of any number of rows, worth it from kFewestRows on: below, unpacking takes more time
/// than it saves. nullptr for types with scales for 16 columns (Q2_K, Q3_K, Q6_K): twice as many tiles would
/// go through memory.
using IntegerMatmul = void (*)(const MatmulArgs&, WorkerPool&);
IntegerMatmul integer_matmul(DType dtype);

inline constexpr int kFewestRows = 64;

/// Rounded rows times BF16 weights: any number of them on tiles; at most kFewBf16Rows with vectors, to the
/// same bits.
void matmul_bf16(const MatmulArgs& args, WorkerPool& pool);
void matmul_bf16_few(const MatmulArgs& args, WorkerPool& pool);

inline constexpr int kFewBf16Rows = 4;

/// Rows of one scale each times W8A8: any number of them, worth it beyond kFewScaledRows.
void matmul_scaled(const MatmulArgs& args, WorkerPool& pool);

inline constexpr int kFewScaledRows = 4;

}  // namespace loci::kernels::amx
