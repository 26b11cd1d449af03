#include "tensor/formats/convert.h"

#include "base/check.h"
#include "tensor/formats/format.h"

namespace loci {
namespace {

const Format& format_for_row(DType dtype, std::size_t elements) {
  const Format& format = format_of(dtype);
  LOCI_CHECK(elements % static_cast<std::size_t>(format.traits.block_elements) == 0);
  return format;
}

}  // namespace

void dequantize_row(DType dtype, const std::byte* source, std::size_t elements, float* destination) {
  if (elements != 0) format_for_row(dtype, elements).dequantize(source, elements, destination);
}

void quantize_row(DType dtype, const float* source, std::size_t elements, std::byte* destination) {
  if (elements != 0) format_for_row(dtype, elements).quantize(source, elements, destination);
}

}  // namespace loci
