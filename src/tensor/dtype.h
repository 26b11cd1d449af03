// Element types of stored tensors. A quantized type stores blocks: `block_elements` consecutive elements of a
// row in `block_bytes` bytes (layouts in tensor/formats/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace loci {

enum class DType : std::uint8_t { kF32, kF16, kBF16, kQ8_0, kQ4_0 };

struct DTypeTraits {
  std::string_view name;  // as users write it: "F32", "Q8_0"
  int block_elements;
  int block_bytes;
};

const DTypeTraits& traits(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);  // case-insensitive

/// Bytes of `elements` elements of one row; `elements` must be a multiple of the type's block.
std::size_t row_bytes(DType dtype, std::size_t elements);

}  // namespace loci
