#include "cli/kernel_cases/kernel_case.h"

#include "tensor/random/random_weights.h"

namespace loci::cli {

std::vector<NamedCase> kernel_cases() {
  std::vector<NamedCase> cases;
  add_matmul_cases(cases);
  add_attention_cases(cases);
  add_elementwise_cases(cases);
  return cases;
}

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  RandomWeights(DType::kF32, 1, seed).fill_row(0, 0, count, std::as_writable_bytes(std::span(values)).data());
  return values;
}

}  // namespace loci::cli
