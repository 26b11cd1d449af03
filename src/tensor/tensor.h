// A stored tensor: a name, a type, a shape and a window on the bytes of its file. Owns nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"

namespace loci {

struct Tensor {
  std::string name;
  DType dtype;
  std::vector<std::size_t> shape;  // outermost first (row-major): a matrix [rows][columns] is {rows, columns}
  std::span<const std::byte>
      bytes;  // exactly size_bytes(); at any alignment (safetensors). Empty where parts must be put together
  // Where the columns of the stored rows come from (quantized/parted_weight.h): column c of the matrix that
  // is meant stands at the c' with column_order[c'] == c. Empty where it stands at c.
  std::span<const std::uint32_t> column_order{};

  std::size_t columns() const { return shape.empty() ? 1 : shape.back(); }
  std::size_t elements() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) product *= extent;
    return product;
  }
  std::size_t rows() const { return columns() == 0 ? 0 : elements() / columns(); }
  std::size_t size_bytes() const { return row_bytes(dtype, columns()) * rows(); }
};

/// The bytes that a tensor of this type and shape occupies. kCorrupt where the number of elements or bytes
/// overflows 64 bits or a row is not a whole number of blocks: the check that every file format's shapes go
/// through.
Result<std::size_t> tensor_bytes(DType dtype, std::span<const std::size_t> shape);

}  // namespace loci
