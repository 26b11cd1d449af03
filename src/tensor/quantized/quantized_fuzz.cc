// libFuzzer target: a line with a quantization_config, then any bytes as a safetensors file. What the parts
// say must be put together without reading past them.
#include <algorithm>

#include "tensor/quantized/collect.h"
#include "tensor/safetensors.h"

namespace {

void read_all(std::string_view config, std::span<const std::byte> file) {
  const auto object = loci::parse_json(config);
  if (!object || !object->is_object()) return;
  const auto scheme = loci::read_quant_scheme(object->get_object(), "");
  auto parsed = loci::parse_safetensors(file);
  if (!scheme || !parsed) return;
  loci::TensorMap tensors;
  for (loci::Tensor& tensor : *parsed) tensors.emplace(tensor.name, tensor);
  loci::PartedWeightMap weights;
  if (!loci::collect_parted_weights(*scheme, tensors, weights)) return;
  loci::WorkerPool pool(1);
  for (const auto& [name, weight] : weights) {
    std::vector<std::byte> blocks(tensors.at(name).size_bytes());
    static_cast<void>(loci::assemble(weight, pool, blocks));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* end = std::find(data, data + size, '\n');
  if (end == data + size) return 0;
  const auto config = std::as_bytes(std::span(data, end)),
             file = std::as_bytes(std::span(end + 1, data + size));
  read_all({reinterpret_cast<const char*>(config.data()), config.size()}, file);
  return 0;
}
