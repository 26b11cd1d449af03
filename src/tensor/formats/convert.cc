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
  const Format& format = format_for_row(dtype, elements);
  LOCI_CHECK(format.dequantize != nullptr);
  if (elements != 0) format.dequantize(source, elements, destination);
}

bool can_quantize(DType dtype) {
  return format_of(dtype).quantize != nullptr;
}

void quantize_row(DType dtype, const float* source, std::size_t elements, std::byte* destination) {
  const Format& format = format_for_row(dtype, elements);
  LOCI_CHECK(format.quantize != nullptr);
  if (elements != 0) format.quantize(source, elements, destination);
}

}  // namespace loci
