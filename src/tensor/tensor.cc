#include "tensor/tensor.h"

namespace loci {

Result<std::size_t> tensor_bytes(DType dtype, std::span<const std::size_t> shape) {
  const DTypeTraits& type = traits(dtype);
  std::size_t elements = 1;
  for (const std::size_t extent : shape)
    if (__builtin_mul_overflow(elements, extent, &elements))
      return fail(ErrorCode::kCorrupt, "the number of elements overflows 64 bits");
  const std::size_t columns = shape.empty() ? 1 : shape.back();
  const auto block_elements = static_cast<std::size_t>(type.block_elements);
  if (columns % block_elements != 0)
    return fail(ErrorCode::kCorrupt, "a row of {} elements is not a multiple of {}'s block of {}", columns,
                type.name, block_elements);
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(elements / block_elements, static_cast<std::size_t>(type.block_bytes), &bytes))
    return fail(ErrorCode::kCorrupt, "the number of bytes overflows 64 bits");
  return bytes;
}

}  // namespace loci
