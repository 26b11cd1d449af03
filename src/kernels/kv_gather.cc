#include "kernels/kv_gather.h"

#include "tensor/formats/f8.h"
#include "tensor/formats/half.h"

namespace loci::kernels {

float load_kv_element(DType dtype, const std::byte* at) {
  if (dtype == DType::kF32) return load_scale(at);
  if (dtype == DType::kI8) return static_cast<float>(static_cast<std::int8_t>(*at));
  if (dtype == DType::kF8_E4M3) return f8_e4m3_to_f32(static_cast<std::uint8_t>(*at));
  std::uint16_t half;
  std::memcpy(&half, at, sizeof half);
  return dtype == DType::kF16 ? f16_to_f32(half) : bf16_to_f32(half);
}

namespace {

template <class Address>
void gather(const KvRun& run, float* out, int dim_step, int position_step, Address address) {
  for (int i = 0; i < run.count; ++i)
    for (int d = 0; d < run.kv.head_dim; ++d)
      out[d * dim_step + i * position_step] =
          load_kv_element(run.kv.dtype, address(run.kv, run.table, run.kv_head, d, run.first + i));
}

}  // namespace

void gather_keys(const KvRun& run, float* out, int dim_step, int position_step) {
  gather(run, out, dim_step, position_step, key_address);
}

void gather_values(const KvRun& run, float* out, int dim_step, int position_step) {
  gather(run, out, dim_step, position_step, value_address);
}

void gather_scales(const KvRun& run, float* keys, float* values) {
  for (int i = 0; i < run.count; ++i) {
    keys[i] = load_scale(key_scale_address(run.kv, run.table, run.kv_head, run.first + i));
    values[i] = load_scale(value_scale_address(run.kv, run.table, run.kv_head, run.first + i));
  }
}

}  // namespace loci::kernels
