// Keys and values of some positions as floats, from blocks of any size and type. Slow and general: what no
// vector reads in place.
#pragma once

#include "kernels/kv_address.h"

namespace loci::kernels {

/// One number or, of int8 and fp8, code.
float load_kv_element(DType dtype, const std::byte* at);

/// `count` positions of one KV head from `first` on.
struct KvRun {
  KvView kv;
  const std::uint32_t* table;
  int kv_head, first, count;
};

/// Codes without their scales. out[dim * dim_step + i * position_step]
void gather_keys(const KvRun& run, float* out, int dim_step, int position_step);
void gather_values(const KvRun& run, float* out, int dim_step, int position_step);

/// The scales of int8 and fp8. out[i]
void gather_scales(const KvRun& run, float* keys, float* values);

}  // namespace loci::kernels
