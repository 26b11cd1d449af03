// libFuzzer target: any bytes as a safetensors file. What parses must be readable to the last byte.
#include "tensor/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tensors = loci::parse_safetensors(std::as_bytes(std::span(data, size)));
  if (!tensors) return 0;
  unsigned sum = 0;
  for (const loci::Tensor& tensor : *tensors)
    for (const std::byte b : tensor.bytes) sum += std::to_integer<unsigned>(b);
  volatile unsigned sink = sum;  // keeps the reads
  static_cast<void>(sink);
  return 0;
}
