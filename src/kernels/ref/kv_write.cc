// A few thousand rounded stores a token and layer, most of them scattered: every ISA uses this one.
#include <cstring>

#include "base/check.h"
#include "kernels/kv_address.h"
#include "kernels/ref/ref.h"
#include "tensor/formats/half.h"

namespace loci::kernels::ref {
namespace {

void store_rounded(DType dtype, float value, std::byte* at) {
  if (dtype == DType::kF32) {
    std::memcpy(at, &value, sizeof value);
    return;
  }
  const std::uint16_t half = dtype == DType::kF16 ? f32_to_f16(value) : f32_to_bf16(value);
  std::memcpy(at, &half, sizeof half);
}

void write_token(const KvWriteArgs& args, int token) {
  const KvView& kv = args.kv;
  const std::uint32_t* table = args.rows.tables[args.rows.sequence[token]];
  const int position = args.rows.positions[token];
  const float* keys = args.keys + static_cast<std::ptrdiff_t>(token) * args.key_stride;
  const float* values = args.values + static_cast<std::ptrdiff_t>(token) * args.value_stride;
  const std::size_t key_step = static_cast<std::size_t>(kv.block_tokens) * kv_element_bytes(kv.dtype);
  const std::size_t value_step = kv_element_bytes(kv.dtype);
  for (int h = 0; h < kv.kv_heads; ++h) {
    std::byte* key = key_address(kv, table, h, 0, position);
    std::byte* value = value_address(kv, table, h, 0, position);
    for (int d = 0; d < kv.head_dim; ++d, key += key_step, value += value_step) {
      store_rounded(kv.dtype, keys[h * kv.head_dim + d], key);
      store_rounded(kv.dtype, values[h * kv.head_dim + d], value);
    }
  }
}

}  // namespace

void kv_write(const KvWriteArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.kv.dtype == DType::kF32 || args.kv.dtype == DType::kF16 || args.kv.dtype == DType::kBF16);
  pool.for_each_chunk(args.tokens, 8, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) write_token(args, t);
  });
}

}  // namespace loci::kernels::ref
