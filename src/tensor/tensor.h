// A stored tensor: a name, a type, a shape and a window on the bytes of its file. Owns nothing.
#pragma once

#include <array>
#include <cstddef>
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
      bytes;  // exactly row_bytes(dtype, columns) * rows; at any alignment (safetensors)

  std::size_t columns() const { return shape.empty() ? 1 : shape.back(); }
  std::size_t elements() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) product *= extent;
    return product;
  }
  std::size_t rows() const { return columns() == 0 ? 0 : elements() / columns(); }
};

/// The bytes that a tensor of this type and shape occupies. kCorrupt where the number of elements or bytes
/// overflows 64 bits or a row is not a whole number of blocks: the check that every file format's shapes go
/// through.
Result<std::size_t> tensor_bytes(DType dtype, std::span<const std::size_t> shape);

}  // namespace loci
