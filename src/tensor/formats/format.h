// The table of storage formats: everything that the tensor layer knows about an element type, in one row.
// A new format is a file with its block beside this one, an enumerator of DType and a row of the table in
// format.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tensor/dtype.h"

namespace loci {

struct Format {
  DType dtype;
  DTypeTraits traits;
  std::optional<std::uint32_t> ggml_type;  // the number of the type in GGUF files, where they have it
  // Both take whole blocks, or a whole row with what stands in front of it; the stored side may lie at any
  // address. `dequantize` is nullptr for the types
  // that are no weights, `quantize` also for those whose search for the best codes nobody needs here.
  void (*dequantize)(const std::byte* source, std::size_t elements, float* destination);
  void (*quantize)(const float* source, std::size_t elements, std::byte* destination);
};

std::span<const Format> formats();  // formats()[i].dtype == DType(i)
const Format& format_of(DType dtype);
std::optional<DType> dtype_from_ggml_type(std::uint32_t ggml_type);

}  // namespace loci
