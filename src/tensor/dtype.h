// Element types of stored tensors. A quantized type stores blocks: `block_elements` consecutive elements of a
// row in `block_bytes` bytes (layouts in tensor/formats/); a type may have something in front of each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace loci {

enum class DType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  // Blocks of GGUF files.
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kIQ1_S,
  kIQ1_M,
  kIQ2_XXS,
  kIQ2_XS,
  kIQ2_S,
  kIQ3_XXS,
  kIQ3_S,
  // Blocks that the weights of quantized Hugging Face folders become (formats/scaled_blocks.h).
  kInt4,
  kInt8,
  kFp8,
  kW8A8,
  // Plain numbers that files hold beside the weights, or weights are made of. No matrix is computed with
  // them.
  kF64,
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kBool,
  kF8_E4M3
};

struct DTypeTraits {
  std::string_view name;  // as users write it: "F32", "Q8_0"
  int block_elements;
  int block_bytes;
  int row_header_bytes = 0;  // in front of a row's blocks
};

const DTypeTraits& traits(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);  // case-insensitive

/// F32, F16 or BF16: what norms, keys and values are stored in, and what a float matrix may be converted to.
bool is_float(DType dtype);

/// Bytes of one row of `elements` elements, a multiple of the type's block.
std::size_t row_bytes(DType dtype, std::size_t elements);

}  // namespace loci
