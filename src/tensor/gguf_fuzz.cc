// libFuzzer target: any bytes as a GGUF image. What parses must be readable to the last byte.
#include "tensor/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = loci::parse_gguf(std::as_bytes(std::span(data, size)));
  if (!file) return 0;
  unsigned sum = 0;
  for (const loci::Tensor& tensor : file->tensors)
    for (const std::byte b : tensor.bytes) sum += std::to_integer<unsigned>(b);
  volatile unsigned sink = sum;  // keeps the reads
  static_cast<void>(sink);
  return 0;
}
