// A warp writes a head: with rope it rotates the head first, a pair a lane, and then reads what its lanes
// have left in memory.
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/math.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/rope.cuh"
#include "kernels/kv_address.h"
#include "tensor/formats/f8.h"
#include "tensor/formats/half.h"

namespace loci::kernels::cuda {
namespace {

constexpr int kHeadsABlock = 4;

struct KvWrite {
  KvView kv;
  Global<std::byte> arena;
  Global<const int> positions, sequence;
  Global<const std::uint32_t* const> tables;
  Global<const float> keys, values;
  int key_stride, value_stride;
  Rope rope;          // of rotated_heads heads, the last of them keys
  int rotated_heads;  // 0: none
};

enum class Part { kKeys, kValues };

/// Where a head goes.
struct Slot {
  Part part;
  std::size_t head;  // bytes from the arena
  int slot;
};

__device__ std::ptrdiff_t place_of(const KvView& kv, const Slot& to, int dim) {
  const std::size_t element =
      to.part == Part::kKeys ? key_element(kv, dim, to.slot) : value_element(kv, dim, to.slot);
  return static_cast<std::ptrdiff_t>(to.head + element * kv_element_bytes(kv.dtype));
}

__device__ void store_number(const KvWrite& p, std::ptrdiff_t at, float x) {
  if (p.kv.dtype == DType::kF32) p.arena.store(at, x);
  if (p.kv.dtype == DType::kF16) p.arena.store(at, f32_to_f16(x));
  if (p.kv.dtype == DType::kBF16) p.arena.store(at, f32_to_bf16(x));
  // A NaN, too, becomes a number.
  if (p.kv.dtype == DType::kI8)
    p.arena.store(at, static_cast<std::int8_t>(fminf(fmaxf(rintf(x), -127.0f), 127.0f)));
  if (p.kv.dtype == DType::kF8_E4M3) p.arena.store(at, f32_to_f8_e4m3(x));
}

/// The scale that takes the largest magnitude to the largest code; stored, and its inverse returned.
__device__ float store_scale(const KvWrite& p, const Global<const float>& from, std::ptrdiff_t first,
                             const Slot& to) {
  float largest = 0;
  for (int d = lane(); d < p.kv.head_dim; d += kWarp) largest = fmaxf(largest, fabsf(from[first + d]));
  const float scale = warp_max(largest) / (p.kv.dtype == DType::kI8 ? 127.0f : kLargestF8E4M3);
  const KvView& kv = p.kv;
  const std::size_t codes = to.part == Part::kKeys ? key_code_bytes(kv.dtype, kv.block_tokens, kv.head_dim)
                                                   : value_code_bytes(kv.dtype, kv.block_tokens, kv.head_dim);
  const std::size_t at = to.head + codes + static_cast<std::size_t>(to.slot) * sizeof(float);
  if (lane() < 4)  // it need not be aligned
    p.arena[static_cast<std::ptrdiff_t>(at) + lane()] = static_cast<std::byte>(bits_of(scale) >> 8 * lane());
  return scale > 1e-38f ? 1.0f / scale : 0.0f;
}

__device__ void write_head(const KvWrite& p, const Global<const float>& from, std::ptrdiff_t first,
                           const Slot& to) {
  const bool scaled = has_kv_scales(p.kv.dtype);
  const float inverse = scaled ? store_scale(p, from, first, to) : 1.0f;
  for (int d = lane(); d < p.kv.head_dim; d += kWarp)
    store_number(p, place_of(p.kv, to, d), scaled ? from[first + d] * inverse : from[first + d]);
  // The half of a key's last pair that has no dimension is multiplied by 0, and must not be a NaN.
  if (to.part == Part::kKeys && is_kv_paired(p.kv.dtype) && p.kv.head_dim % 2 != 0 && lane() == 0)
    store_number(p, place_of(p.kv, to, p.kv.head_dim), 0.0f);
}

__global__ void kv_write_kernel(KvWrite p) {
  const int token = block_x();
  const int queries = p.rotated_heads > 0 ? p.rotated_heads - p.kv.kv_heads : 0;
  const int head = block_y() * kHeadsABlock + warp() - queries;  // keys begin at 0, values behind them
  if (head >= 2 * p.kv.kv_heads) return;
  if (p.rotated_heads > 0 && head < p.kv.kv_heads) {
    for (int i = lane(); i < p.rope.half; i += kWarp) rotate_pair(p.rope, token, head + queries, i);
    __syncwarp();
  }
  if (head < 0) return;
  const int position = p.positions[token];
  const Global<const std::uint32_t> table(p.tables[p.sequence[token]], "block table");
  const std::uint32_t block = table[position / p.kv.block_tokens];
  const int slot = position % p.kv.block_tokens;
  if (head < p.kv.kv_heads) {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(token) * p.key_stride + head * p.kv.head_dim;
    write_head(p, p.keys, first, {Part::kKeys, key_head_offset(p.kv, block, head), slot});
  } else {
    const int kv_head = head - p.kv.kv_heads;
    const std::ptrdiff_t first =
        static_cast<std::ptrdiff_t>(token) * p.value_stride + kv_head * p.kv.head_dim;
    write_head(p, p.values, first, {Part::kValues, value_head_offset(p.kv, block, kv_head), slot});
  }
}

}  // namespace

void kv_write(const KvWriteArgs& args, Queue& queue) {
  if (!is_kv_dtype(args.kv.dtype)) return fail(queue, "kv_write", "no keys and values have this type");
  const auto tokens = static_cast<std::size_t>(args.tokens);
  const int width = args.kv.kv_heads * args.kv.head_dim;
  const int rotated = args.rope != nullptr ? args.rope->head_count : 0;
  const int heads = (rotated > 0 ? rotated : args.kv.kv_heads) + args.kv.kv_heads;
  launch(queue,
         {.name = "kv_write",
          .blocks_x = args.tokens,
          .blocks_y = pieces(heads, kHeadsABlock),
          .threads = kHeadsABlock * kWarp},
         kv_write_kernel,
         KvWrite{.kv = args.kv,
                 .arena = {args.kv.arena, "arena"},
                 .positions = {args.rows.positions, tokens, "positions"},
                 .sequence = {args.rows.sequence, tokens, "sequence"},
                 .tables = {args.rows.tables, "tables"},
                 .keys = {args.keys, rows_extent(args.tokens, args.key_stride, width), "keys"},
                 .values = {args.values, rows_extent(args.tokens, args.value_stride, width), "values"},
                 .key_stride = args.key_stride,
                 .value_stride = args.value_stride,
                 .rope = args.rope != nullptr ? rope_of(*args.rope) : Rope{},
                 .rotated_heads = rotated});
}

}  // namespace loci::kernels::cuda
