// Attention over BF16, int8 and fp8 on tensor cores.
//
// A tile is 16 rows: the heads that share a KV head, of as many neighbouring tokens of a sequence as fit. Its
// eight warps take a part of kAttentionPart positions each; a warp walks its part in spans of kSpan positions
// and keeps queries, scores and sums in registers, keys and values come from memory straight into fragments.
// The parts are merged in shared memory, a warp after the other.
//
// Order, the same for a row in any company (op_args.h has the formula):
//   score    dot product on the tensor core, 16 dimensions a product, ascending; times the key's scale, times
//   `scale` span     m' = max(m, scores), c = exp(m - m'), w = exp(score - m'); l = l * c, then + w by
//   ascending position in four
//            partial sums, of positions whose (p mod 8) / 2 is equal; acc = acc * c, then the products of 16
//            positions each, ascending, with w (times the value's scale) rounded to BF16. l adds the rounded
//            w, unless values have scales.
//   part     l = (l0 + l1) + (l2 + l3); parts are merged ascending, as op_args.h says. output = ACC / L + 0
// A span or part in which a row sees nothing leaves its sums as they are.
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/kv_words.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/quantize.cuh"
#include "kernels/cuda/tensor_cores.cuh"

namespace loci::kernels::cuda {
namespace {

constexpr int kWarps = 8, kRows = 16, kSpan = 64;
constexpr int kScoreTiles = kSpan / 8;

struct Attention {
  KvView kv;
  Global<const std::byte> arena;
  Global<const int> positions, sequence, ends;
  Global<const std::uint32_t* const> tables;
  Global<const float> queries, slopes;
  Global<float> output;
  Global<QuantizedBlock> bytes;
  int tokens, query_stride, output_stride, group, window;
  float scale, softcap;
};

/// The rows of a tile: row r is head first_head + r % heads of token first_token + r / heads.
struct Tile {
  int first_token, tokens, first_head, heads, kv_head;
  int first, end;  // positions that any row sees
};

/// What a row sees, nothing for rows that stand for none.
struct Sight {
  int first = 0, end = 0, position = 0, head = 0;
};
__device__ Sight sight_of(const Attention& p, int token) {
  const int position = p.positions[token];
  const int first = p.window > 0 && position >= p.window ? position + 1 - p.window : 0;
  return {first, p.ends ? p.ends[token] : position + 1, position, 0};
}
__device__ Sight sight_of_row(const Attention& p, const Tile& tile, int row) {
  if (row >= tile.tokens * tile.heads) return {};
  Sight sight = sight_of(p, tile.first_token + row / tile.heads);
  sight.head = tile.first_head + row % tile.heads;
  return sight;
}

/// Sums of one part, of rows lane / 4 and lane / 4 + 8.
template <int kSteps>
struct Part {
  float maximum[2] = {-INFINITY, -INFINITY}, sum[2] = {0, 0};
  float acc[2 * kSteps][4] = {};  // dimensions 8 n + 2 (lane % 4), + 1
};

/// exp(x - maximum); -infinity weighs nothing, also where there is no maximum yet.
__device__ float weight_of(float x, float maximum) {
  return x == -INFINITY ? 0.0f : exp_steps(x - maximum);
}
/// What is left of sums under `before` when the maximum is `now`.
__device__ float correction(float before, float now) {
  return before == now ? 1.0f : weight_of(before, now);
}

template <int kSteps>
__device__ void load_queries(const Attention& p, const Tile& tile, std::uint32_t (&queries)[kSteps][4]) {
  const auto pair = [&](int row, int dim) -> std::uint32_t {
    if (row >= tile.tokens * tile.heads) return 0;
    const int token = tile.first_token + row / tile.heads, head = tile.first_head + row % tile.heads;
    const std::ptrdiff_t at =
        static_cast<std::ptrdiff_t>(token) * p.query_stride + head * p.kv.head_dim + dim;
    const std::uint16_t low = dim < p.kv.head_dim ? f32_to_bf16(p.queries[at]) : std::uint16_t{0};
    const std::uint16_t high = dim + 1 < p.kv.head_dim ? f32_to_bf16(p.queries[at + 1]) : std::uint16_t{0};
    return bf16_pair(low, high);
  };
  LOCI_UNROLL for (int step = 0; step < kSteps; ++step) LOCI_UNROLL for (int i = 0; i < 4; ++i)
      queries[step][i] = pair(lane() / 4 + 8 * (i % 2), 16 * step + 8 * (i / 2) + 2 * (lane() % 4));
}

/// Scores of the span from `begin` on: [8 positions][row, position].
template <int kSteps>
__device__ void score_span(const Attention& p, const KvBlocks& blocks, const Tile& tile,
                           const Sight (&rows)[2], const std::uint32_t (&queries)[kSteps][4], int begin,
                           float (&scores)[kScoreTiles][4]) {
  const int pairs = (p.kv.head_dim + 1) / 2;
  const bool scaled = has_kv_scales(p.kv.dtype);
  LOCI_UNROLL for (int tile8 = 0; tile8 < kScoreTiles; ++tile8) {
    const int position = begin + 8 * tile8 + lane() / 4;
    const bool seen = position >= tile.first && position < tile.end;
    const std::size_t head = seen ? key_head_offset(p.kv, blocks.block_of(position), tile.kv_head) : 0;
    LOCI_UNROLL for (int i = 0; i < 4; ++i) scores[tile8][i] = 0;
    LOCI_UNROLL for (int step = 0; step < kSteps; ++step) {
      std::uint32_t b[2] = {0, 0};
      LOCI_UNROLL for (int i = 0; i < 2; ++i) {
        const int pair = 8 * step + 4 * i + lane() % 4;
        if (seen && pair < pairs) b[i] = key_pair(blocks, head, position, pair);
      }
      mma_bf16(scores[tile8], queries[step], b);
    }
    float key_scale = 1;
    if (scaled && seen)
      key_scale =
          scale_behind(blocks, head, key_code_bytes(p.kv.dtype, p.kv.block_tokens, p.kv.head_dim), position);
    LOCI_UNROLL for (int i = 0; i < 4; ++i) {
      const int in_tile = 2 * (lane() % 4) + i % 2, at = begin + 8 * tile8 + in_tile;
      const Sight& row = rows[i / 2];
      float x = scores[tile8][i];
      if (scaled) x = x * __shfl_sync(kAllLanes, key_scale, in_tile * 4);
      x = x * p.scale;
      if (p.softcap > 0) x = tanh_steps(x / p.softcap) * p.softcap;
      if (p.slopes) x = fmaf(p.slopes[row.head], static_cast<float>(at - row.position), x);
      scores[tile8][i] = at >= row.first && at < row.end ? x : -INFINITY;
    }
  }
}

/// Scores become weights, and the sums are brought under the new maximum.
template <int kSteps>
__device__ void weigh_span(const KvBlocks& blocks, const Tile& tile, int begin,
                           float (&scores)[kScoreTiles][4], Part<kSteps>& part) {
  const bool scaled = has_kv_scales(blocks.kv.dtype);
  LOCI_UNROLL for (int half = 0; half < 2; ++half) {
    float maximum = part.maximum[half];
    LOCI_UNROLL for (int t = 0; t < kScoreTiles; ++t) maximum =
        fmaxf(maximum, fmaxf(scores[t][2 * half], scores[t][2 * half + 1]));
    maximum = fmaxf(maximum, __shfl_xor_sync(kAllLanes, maximum, 1));
    maximum = fmaxf(maximum, __shfl_xor_sync(kAllLanes, maximum, 2));
    const float kept = correction(part.maximum[half], maximum);
    part.maximum[half] = maximum;
    part.sum[half] = part.sum[half] * kept;
    LOCI_UNROLL for (int n = 0; n < 2 * kSteps; ++n) for (int i = 0; i < 2; ++i) part.acc[n][2 * half + i] =
        part.acc[n][2 * half + i] * kept;
    LOCI_UNROLL for (int t = 0; t < kScoreTiles; ++t) LOCI_UNROLL for (int i = 0; i < 2; ++i) {
      float& score = scores[t][2 * half + i];
      const float weight = weight_of(score, maximum);
      score = scaled ? weight : bf16_to_f32(f32_to_bf16(weight));
      part.sum[half] = part.sum[half] + score;
    }
  }
  if (!scaled) return;
  const std::size_t codes = value_code_bytes(blocks.kv.dtype, blocks.kv.block_tokens, blocks.kv.head_dim);
  LOCI_UNROLL for (int t = 0; t < kScoreTiles; ++t) LOCI_UNROLL for (int i = 0; i < 2; ++i) {
    const int position = begin + 8 * t + 2 * (lane() % 4) + i;
    if (position < tile.first || position >= tile.end) continue;
    const std::size_t head = value_head_offset(blocks.kv, blocks.block_of(position), tile.kv_head);
    const float scale = scale_behind(blocks, head, codes, position);
    scores[t][i] = scores[t][i] * scale;
    scores[t][2 + i] = scores[t][2 + i] * scale;
  }
}

/// acc += weights times values.
template <int kSteps>
__device__ void add_values(const KvBlocks& blocks, const Tile& tile, int begin,
                           const float (&weights)[kScoreTiles][4], Part<kSteps>& part) {
  LOCI_UNROLL for (int step = 0; step < kSpan / 16; ++step) {
    std::uint32_t a[4];
    LOCI_UNROLL for (int i = 0; i < 4; ++i) {
      const float(&from)[4] = weights[2 * step + i / 2];
      a[i] = bf16_pair(f32_to_bf16(from[i % 2 * 2]), f32_to_bf16(from[i % 2 * 2 + 1]));
    }
    const int position = begin + 16 * step + 2 * (lane() % 4);
    if (begin + 16 * step >= tile.end || begin + 16 * step + 16 <= tile.first)
      continue;  // the same for all lanes
    LOCI_UNROLL for (int n = 0; n < 2 * kSteps; ++n) {
      const int dim = 8 * n + lane() / 4;
      std::uint32_t b[2] = {0, 0};
      if (dim < blocks.kv.head_dim)
        for (int i = 0; i < 2; ++i)
          b[i] = value_pair(blocks, tile.kv_head, position + 8 * i, dim, tile.first, tile.end);
      mma_bf16(part.acc[n], a, b);
    }
  }
}

/// Merged sums of the tile.
struct Merged {
  Shared<float> maximum, sum;  // [row]
  Shared<float> acc;           // [row][dimension]
  int dims;
};

template <int kSteps>
__device__ void merge(const Part<kSteps>& part, const Merged& into) {
  LOCI_UNROLL for (int half = 0; half < 2; ++half) {
    const int row = lane() / 4 + 8 * half;
    float sum = part.sum[half];
    sum = sum + __shfl_xor_sync(kAllLanes, sum, 1);
    sum = sum + __shfl_xor_sync(kAllLanes, sum, 2);
    const float before = into.maximum[row], before_sum = into.sum[row];
    __syncwarp();  // all have read what one lane changes
    if (part.maximum[half] == -INFINITY) continue;
    const float maximum = fmaxf(before, part.maximum[half]);
    const float a = correction(before, maximum), b = correction(part.maximum[half], maximum);
    if (lane() % 4 == 0) {
      into.maximum[row] = maximum;
      into.sum[row] = fmaf(before_sum, a, sum * b);
    }
    LOCI_UNROLL for (int n = 0; n < 2 * kSteps; ++n) LOCI_UNROLL for (int i = 0; i < 2; ++i) {
      const int at = row * into.dims + 8 * n + 2 * (lane() % 4) + i;
      const float old = into.acc[at];
      into.acc[at] = fmaf(old, a, part.acc[n][2 * half + i] * b);
    }
  }
}

__device__ void write_tile(const Attention& p, const Tile& tile, const Merged& merged) {
  const int dims = p.kv.head_dim;
  for (int i = thread(); i < tile.tokens * tile.heads * dims;
       i += threads()) {  // whole warps where bytes are asked for
    const int row = i / dims, dim = i % dims;
    const float result = merged.acc[row * merged.dims + dim] / merged.sum[row] + 0.0f;
    const int token = tile.first_token + row / tile.heads;
    const int column = (tile.first_head + row % tile.heads) * dims + dim;
    if (p.bytes) {
      const auto block = static_cast<std::ptrdiff_t>(column / kQuantizedColumns);
      quantize_block(result, p.bytes[block * p.tokens + token]);
    } else {
      p.output[static_cast<std::ptrdiff_t>(token) * p.output_stride + column] = result;
    }
  }
}

/// The tile that begins with token `first`, if one does: tiles begin at multiples of the tokens that fit, and
/// where another sequence does.
__device__ bool find_tile(const Attention& p, int first, int head_tile, Tile& tile) {
  const int kv_head = head_tile % p.kv.kv_heads, skipped = head_tile / p.kv.kv_heads * kRows;
  tile.heads = min(p.group - skipped, kRows);
  tile.kv_head = kv_head;
  tile.first_head = kv_head * p.group + skipped;
  tile.first_token = first;
  const int fit = kRows / tile.heads, sequence = p.sequence[first];
  if (first % fit != 0 && p.sequence[first - 1] == sequence) return false;
  const Sight sight = sight_of(p, first);
  tile.tokens = 1, tile.first = sight.first, tile.end = sight.end;
  for (int t = first + 1; t < p.tokens && t % fit != 0 && p.sequence[t] == sequence; ++t) {
    const Sight next = sight_of(p, t);
    ++tile.tokens;
    tile.first = min(tile.first, next.first);
    tile.end = max(tile.end, next.end);
  }
  return true;
}

template <int kSteps>
__global__ void __launch_bounds__(kWarps* kWarp) attention_kernel(Attention p) {
  constexpr int kDims = 16 * kSteps;
  LOCI_SHARED(float, maximum, kRows);
  LOCI_SHARED(float, sum, kRows);
  LOCI_SHARED(float, acc, kRows* kDims);
  const Merged merged{maximum, sum, acc, kDims};
  Tile tile;
  if (!find_tile(p, block_x(), block_y(), tile)) return;
  for (int i = thread(); i < kRows * kDims; i += threads()) acc[i] = 0.0f;
  if (thread() < kRows) maximum[thread()] = -INFINITY;
  if (thread() < kRows) sum[thread()] = 0.0f;
  const KvBlocks blocks{p.kv, p.arena, {p.tables[p.sequence[tile.first_token]], "block table"}};
  const Sight rows[2] = {sight_of_row(p, tile, lane() / 4), sight_of_row(p, tile, lane() / 4 + 8)};
  std::uint32_t queries[kSteps][4];
  load_queries(p, tile, queries);
  for (int first = tile.first / kAttentionPart; first * kAttentionPart < tile.end; first += kWarps) {
    const int begin = (first + warp()) * kAttentionPart;
    Part<kSteps> part;
    for (int at = begin; at < min(begin + kAttentionPart, tile.end); at += kSpan) {
      if (at + kSpan <= tile.first) continue;
      float scores[kScoreTiles][4];
      score_span(p, blocks, tile, rows, queries, at, scores);
      weigh_span(blocks, tile, at, scores, part);
      add_values(blocks, tile, at, scores, part);
    }
    for (int turn = 0; turn < kWarps; ++turn) {
      __syncthreads();
      if (turn == warp()) merge(part, merged);
    }
  }
  __syncthreads();
  write_tile(p, tile, merged);
}

template <int kSteps>
void run_attention(const Attention& p, Queue& queue) {
  const int head_tiles = pieces(p.group, kRows) * p.kv.kv_heads;
  launch(queue,
         {.name = "attention", .blocks_x = p.tokens, .blocks_y = head_tiles, .threads = kWarps * kWarp},
         attention_kernel<kSteps>, p);
}

}  // namespace

void attention(const AttentionArgs& args, Queue& queue) {
  const KvView& kv = args.kv;
  if (!is_kv_paired(kv.dtype)) return fail(queue, "attention", "no kernel for keys and values of this type");
  const auto tokens = static_cast<std::size_t>(args.tokens);
  const int width = args.heads * kv.head_dim, blocks = width / kQuantizedColumns;
  const bool bytes = args.bytes != nullptr;
  const Attention p{
      .kv = kv,
      .arena = {kv.arena, "arena"},
      .positions = {args.rows.positions, tokens, "positions"},
      .sequence = {args.rows.sequence, tokens, "sequence"},
      .ends = {args.ends, args.ends == nullptr ? 0 : tokens, "ends"},
      .tables = {args.rows.tables, "tables"},
      .queries = {args.queries, rows_extent(args.tokens, args.query_stride, width), "queries"},
      .slopes = {args.slopes, args.slopes == nullptr ? 0 : static_cast<std::size_t>(args.heads), "slopes"},
      .output = {args.output, bytes ? 0 : rows_extent(args.tokens, args.output_stride, width), "output"},
      .bytes = {args.bytes, bytes ? rows_extent(args.tokens, blocks, blocks) : 0, "bytes"},
      .tokens = args.tokens,
      .query_stride = args.query_stride,
      .output_stride = args.output_stride,
      .group = args.heads / kv.kv_heads,
      .window = args.window,
      .scale = args.scale,
      .softcap = args.softcap};
  if (kv.head_dim <= 64) return run_attention<4>(p, queue);
  if (kv.head_dim <= 128) return run_attention<8>(p, queue);
  if (kv.head_dim <= 256) return run_attention<16>(p, queue);
  fail(queue, "attention", "no kernel for heads of more than 256 dimensions");
}

}  // namespace loci::kernels::cuda
