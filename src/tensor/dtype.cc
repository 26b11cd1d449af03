#include "tensor/dtype.h"

#include <algorithm>

#include "base/check.h"
#include "tensor/formats/format.h"

namespace loci {
namespace {

constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

const DTypeTraits& traits(DType dtype) {
  return format_of(dtype).traits;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const Format& format : formats())
    if (std::ranges::equal(name, format.traits.name, {}, upper, upper)) return format.dtype;
  return std::nullopt;
}

bool is_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

std::size_t row_bytes(DType dtype, std::size_t elements) {
  const DTypeTraits& type = traits(dtype);
  const auto block_elements = static_cast<std::size_t>(type.block_elements);
  LOCI_CHECK(elements % block_elements == 0);
  return static_cast<std::size_t>(type.row_header_bytes) +
         elements / block_elements * static_cast<std::size_t>(type.block_bytes);
}

}  // namespace loci
