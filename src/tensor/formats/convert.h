// Between float and any storage format, one row at a time. Scalar: for loading, tools and tests; the kernels
// read blocks themselves.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace loci {

/// Reads `elements` stored elements, row_bytes(dtype, elements) bytes at any alignment, into `destination`.
/// `elements` must be a multiple of the type's block, the type one that weights have. A type with something
/// in front of its rows (DTypeTraits) takes a whole row.
void dequantize_row(DType dtype, const std::byte* source, std::size_t elements, float* destination);

/// Whether quantize_row() knows how.
bool can_quantize(DType dtype);

/// Writes row_bytes(dtype, elements) bytes. Rounds as the format's header says: up to Q5_1 bit for bit what
/// ggml stores; scales of K-quants and IQ4 are searched for (block_search.h). The values should be finite:
/// others give blocks without meaning.
void quantize_row(DType dtype, const float* source, std::size_t elements, std::byte* destination);

}  // namespace loci
