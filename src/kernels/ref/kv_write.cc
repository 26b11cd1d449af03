// A few thousand rounded stores a token and layer.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "kernels/kv_address.h"
#include "kernels/ref/ref.h"
#include "tensor/formats/f8.h"
#include "tensor/formats/half.h"

namespace loci::kernels::ref {
namespace {

/// Where the head of one token goes: element d at `at` + (d / 2) * pair_step + (d % 2) * step, in elements.
struct Slot {
  std::byte* at;
  std::ptrdiff_t step, pair_step;
  std::byte* scale;  // where the type has one
};

Slot key_slot(const KvView& kv, const std::uint32_t* table, int head, int position) {
  const std::ptrdiff_t tokens = kv.block_tokens;
  const bool paired = is_kv_paired(kv.dtype);
  return {key_address(kv, table, head, 0, position), paired ? 1 : tokens, 2 * tokens,
          key_scale_address(kv, table, head, position)};
}
Slot value_slot(const KvView& kv, const std::uint32_t* table, int head, int position) {
  const std::ptrdiff_t step = is_kv_paired(kv.dtype) ? 2 : 1;
  return {value_address(kv, table, head, 0, position), step, 2 * step,
          value_scale_address(kv, table, head, position)};
}

/// store(code, d) of each value; `Code` is what the cache holds.
template <class Code, class Round>
void scatter(const float* values, int count, const Slot& slot, Round round) {
  for (int d = 0; d < count; ++d) {
    const Code code = round(values[d]);
    const std::ptrdiff_t element = d / 2 * slot.pair_step + d % 2 * slot.step;
    std::memcpy(slot.at + element * static_cast<std::ptrdiff_t>(sizeof code), &code, sizeof code);
  }
}

/// The scale that takes the largest magnitude to `largest_code`, and its inverse. A head of (nearly) zeros
/// has codes 0.
struct Scale {
  float scale, inverse;
};
Scale scale_of(const float* values, int count, float largest_code) {
  float largest = 0;
  for (int d = 0; d < count; ++d) largest = std::max(largest, std::fabs(values[d]));
  const float scale = largest / largest_code;
  return {scale, scale > 1e-38f ? 1.0f / scale : 0.0f};
}

/// A NaN, too, becomes a number.
std::int8_t to_int8(float value) {
  return static_cast<std::int8_t>(std::fmin(std::fmax(std::nearbyint(value), -127.0f), 127.0f));
}

void write_head(DType dtype, const float* values, int count, const Slot& slot) {
  switch (dtype) {
    case DType::kF32:
      return scatter<float>(values, count, slot, [](float x) { return x; });
    case DType::kF16:
      return scatter<std::uint16_t>(values, count, slot, f32_to_f16);
    case DType::kBF16:
      return scatter<std::uint16_t>(values, count, slot, f32_to_bf16);
    default:
      break;
  }
  const bool int8 = dtype == DType::kI8;
  const Scale scale = scale_of(values, count, int8 ? 127.0f : kLargestF8E4M3);
  std::memcpy(slot.scale, &scale.scale, sizeof scale.scale);
  if (int8) {
    scatter<std::int8_t>(values, count, slot, [&](float x) { return to_int8(x * scale.inverse); });
  } else {
    scatter<std::uint8_t>(values, count, slot, [&](float x) { return f32_to_f8_e4m3(x * scale.inverse); });
  }
}

/// The half of a key's last pair that has no dimension: it is multiplied by 0, and must not be a NaN.
void clear_padding(const KvView& kv, const Slot& slot) {
  if (!is_kv_paired(kv.dtype) || kv.head_dim % 2 == 0) return;
  const auto bytes = static_cast<std::ptrdiff_t>(kv_element_bytes(kv.dtype));
  std::memset(slot.at + (kv.head_dim / 2 * slot.pair_step + slot.step) * bytes, 0,
              static_cast<std::size_t>(bytes));
}

void write_token(const KvWriteArgs& args, int token) {
  const KvView& kv = args.kv;
  const std::uint32_t* table = args.rows.tables[args.rows.sequence[token]];
  const int position = args.rows.positions[token];
  const float* keys = args.keys + static_cast<std::ptrdiff_t>(token) * args.key_stride;
  const float* values = args.values + static_cast<std::ptrdiff_t>(token) * args.value_stride;
  for (int h = 0; h < kv.kv_heads; ++h) {
    const Slot key = key_slot(kv, table, h, position);
    write_head(kv.dtype, keys + h * kv.head_dim, kv.head_dim, key);
    clear_padding(kv, key);
    write_head(kv.dtype, values + h * kv.head_dim, kv.head_dim, value_slot(kv, table, h, position));
  }
}

}  // namespace

void kv_write(const KvWriteArgs& args, WorkerPool& pool) {
  LOCI_CHECK(is_kv_dtype(args.kv.dtype));
  if (args.rope != nullptr) rope(*args.rope, pool);
  pool.for_each_chunk(args.tokens, 8, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) write_token(args, t);
  });
}

}  // namespace loci::kernels::ref
