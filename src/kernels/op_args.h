// The arguments of the operations of a transformer (ops.h), with the formula of each. Plain structs, C++20 at
// most: sources for devices include this too.
//
// Every output element has ONE order of reduction, stated below, that does not depend on the number of
// tokens, on threads, on chunking or on the memory blocks; multiply-adds are fused (one rounding).
//
// Activations are float32, row-major [tokens][features]. Pointers are unaliased unless an op says "in place".
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "kernels/packed_matrix.h"
#include "kernels/quantized_rows.h"
#include "tensor/dtype.h"

namespace loci::kernels {

/// output[t][:] = row ids[t] of `table`, dequantized. [tokens][table.columns]
struct EmbedArgs {
  PackedMatrix table;
  const TokenId* ids;  // [tokens], each in [0, table.rows)
  int tokens;
  float* output;
};

/// Normalizes each of `groups` runs of `features` neighbours of a token: one group is the whole row, many are
/// the heads of a query.
///   kRms    output = input / sqrt(mean(input^2) + epsilon) * weight           (Zhang and Sennrich 2019, eq.
///   4) kLayer  output = (input - mean(input)) / sqrt(variance(input) + epsilon) * weight + bias  (Ba et al.
///   2016)
/// Order of each sum: 16 partial sums (i mod 16), squares by fused multiply-add, then lane l += lane l + 8,
/// 4, 2, 1. With factor = 1 / sqrt(sum / features + epsilon) an output is (x * factor) * weight, and + bias
/// as a fused multiply-add where there is one. The variance is that of x - mean (two passes). May be in
/// place. With `bytes` or `scaled` the outputs are rounded as quantize does it, and nothing else is written.
enum class NormKind { kRms, kLayer };
struct NormArgs {
  NormKind kind;
  const float* input;   // [tokens][input_stride], group g at g * features
  const float* weight;  // [groups][features]
  const float* bias;    // [groups][features], or nullptr
  float epsilon;
  int tokens, groups, features, input_stride;
  float* output;  // [tokens][output_stride]
  int output_stride;
  QuantizedRows bytes = nullptr;  // of one group whose features are a multiple of 32
  ScaledRows scaled = {};         // likewise
};

/// Rounds rows to bytes for matmul's integer arithmetic (quantized_rows.h says how), in the order of the
/// packed columns.
struct QuantizeArgs {
  const float* input;  // [tokens][columns]
  int tokens, columns;
  const std::uint32_t* column_order;  // as in PackedMatrix; nullptr: as they are
  QuantizedRows output;               // or `scaled`
  ScaledRows scaled = {};
};

/// Rounds rows to BF16, as RoundedBlock says.
struct RoundArgs {
  const float* input;  // [tokens][columns]
  int tokens, columns;
  RoundedRows output;  // [columns / 32, rounded up][tokens]
};

enum class Activation { kSilu, kGelu, kGeluTanh, kQuickGelu, kRelu, kReluSquared };

/// Numbers of a row of x and u in turns, 16 each.
constexpr int gated_width(int features) {
  return 2 * ((features + kPanelRows - 1) / kPanelRows * kPanelRows);
}

/// output[t][r] = sum_c weight[r][c] * input[t][c] (+ residual: output[t][r] += ...)    [tokens][weight.rows]
/// Order: packed columns ascending from 0, one fused multiply-add each, whatever the format: a dequantized
/// weight is the float that dequantize_row() gives, made of exact products and at most one rounding, so it
/// does not matter when it is dequantized, once a tile of many tokens or in registers for a single one.
///
/// With `quantized` the same in integer arithmetic, for the types of integer_format(): blocks of 32 columns
/// ascending; in each the exact dot product of weight codes and input codes, then sum = fma(float(dot),
/// scale_w * scale_x, sum), and where the format has minima sum = fma(minimum_w, sum_x, sum). Formats with a
/// scale for each 16 columns take both steps for either half. bias[r] is added to the finished sum, and with
/// kAccumulate the result to output[t][r] (one rounding each).
///
/// With `scaled` and weights of W8A8 (tensor/formats/w8a8.h) the dot product of all codes of a row, exact in
/// 32 bits, then float(dot) * (scale_w * scale_x). Columns are at most kMostW8A8Columns.
///
/// With `rounded` and weights of BF16 the products of pairs of BF16 numbers, for tables that have `round`.
/// Numbers and results too small to be normal count as 0. In "amx" blocks of 32 columns ascending; in each
/// the even columns are summed by ascending fused multiply-adds from 0, so are the odd ones, then sum = sum +
/// (even + odd). In "avx512_bf16" pairs of columns ascending, in each first the odd column, then the even
/// one.
///
/// kActivate is for integer arithmetic only: output[t][i] = f(x_i), or gated f(x_i) * u_i, what activate
/// would make of the results x; with `bytes` rounded as quantize does it. Gated, rows of the weight are
/// panels of x and u in turns, so that both are at hand when their sums are: 16 rows x, 16 rows u, the last
/// ones padded.
///
/// Panel p of the results is written at output[t] + p * panel_step, and takes its bias at bias + p *
/// panel_step.
enum class MatmulOutput { kStore, kAccumulate, kActivate };
struct MatmulArgs {
  PackedMatrix weight;
  const float* input;  // [tokens][weight.columns]
  int tokens;
  MatmulOutput mode;
  float* output;                              // [tokens][output_stride]
  int output_stride;                          // >= the results; kActivate: how many there are
  const float* bias = nullptr;                // [weight.rows]
  const QuantizedBlock* quantized = nullptr;  // [columns / 32][tokens]; `input` is then not read
  const RoundedBlock* rounded = nullptr;      // [columns / 32, rounded up][tokens]; likewise
  ScaledRows scaled = {};                     // likewise
  int panel_step = kPanelRows;
  Activation activation = Activation::kSilu;  // kActivate
  bool gated = false;
  QuantizedRows bytes = nullptr;  // instead of output, whose stride is then a multiple of 32
};

/// Rotates pairs (i, i + rotary_dim / 2) of each head in place (rotate-half form, Su et al. 2021, eq. 34).
/// x0' = x0 * cos - x1 * sin;  x1' = x1 * cos + x0 * sin, each as fma(x0, cos, -(x1 * sin)), fma(x1, cos, x0
/// * sin).
struct RopeArgs {
  float* heads;  // [tokens][stride], head h at h * head_dim
  int tokens, stride, head_count, head_dim, rotary_dim;
  const float* cos;  // [tokens][rotary_dim / 2]
  const float* sin;
};

/// The KV of one layer inside the arena of blocks. Block b of the arena begins at arena + b * block_bytes;
/// this layer's keys at + key_offset, values at + value_offset. kv_address.h says where each number lies.
struct KvView {
  std::byte* arena;
  DType dtype;  // kF32, kF16, kBF16, kI8 or kF8_E4M3
  std::size_t block_bytes, key_offset, value_offset;
  int block_tokens, kv_heads, head_dim;
};

/// Where each token of a ragged batch lives: token t is at positions[t] of the sequence whose block table is
/// tables[sequence[t]]; position p lies in block table[p / block_tokens], slot p % block_tokens.
struct RaggedRows {
  const int* positions;                // [tokens]
  const int* sequence;                 // [tokens]
  const std::uint32_t* const* tables;  // [sequences] -> block numbers
};

/// Writes the tokens' keys and values to their slots, rounding to the cache's type (to nearest even).
/// int8 and fp8 (E4M3) get a scale for each token and KV head, of keys and of values: the largest magnitude
/// over 127 or 448; a code is x * (1 / scale), rounded.
///
/// With `rope` its heads are rotated first, in place, while they are at hand: the queries of the same tokens
/// and, behind them, the keys.
struct KvWriteArgs {
  KvView kv;
  RaggedRows rows;
  const float* keys;    // [tokens][key_stride], head h at h * head_dim
  const float* values;  // [tokens][value_stride]
  int tokens, key_stride, value_stride;
  const RopeArgs* rope = nullptr;  // its last kv_heads heads are `keys`
};

/// Attention of each token over positions [first, end) of its own sequence (all written before the call), end
/// being ends[t], or positions[t] + 1 without `ends` (causal), and first = max(0, positions[t] + 1 - window)
/// with a window:
///   output[t][h] = sum_p softmax_p(score(p)) v[p][h / group],   group = heads / kv_heads
///   score(p) = cap(scale * q[t][h] . k[p][h / group]) + slope[h] * (p - positions[t])
/// cap(x) = softcap * tanh(x / softcap) (Gemma 2), slope is ALiBi's (Press et al. 2022); each only where
/// asked for. Keys and values are finite.
///
/// Order. Positions are cut into spans of kAttentionSpan absolute positions (0..127, 128..255, ...), these
/// into parts of kAttentionPart. A part begins with maximum m = -inf, sums l = 0, acc = 0, and walks those of
/// its spans in which the token sees something:
///   dot_p    = fma over ascending dimensions from 0; times the key's scale, where its type has one
///   score_p  = dot_p * scale, the cap as tanh_approx(x / softcap) * softcap, then fma(slope, p - position,
///   x) m'       = max(m, scores);  c = exp(m - m');  w_p = exp(score_p - m') l_i      = l_i * c, then + w_p
///   by ascending p with p mod 16 = i     (16 partial sums) acc_d    = acc_d * c, then fma(w_p, v_pd, acc_d)
///   by ascending p     (w_p * the value's scale, if any)
/// At its end lane i of l += lane i + 8, 4, 2, 1. The parts are merged in ascending order from M = -inf,
/// L = 0, ACC = 0: M' = max(M, m); a = exp(M - M'), b = exp(m - M'); L = fma(L, a, l * b); ACC = fma(ACC, a,
/// acc * b). output = ACC / L + 0 (which makes -0 a 0, so that a position may as well weigh 0 as be
/// absent). exp is kernels::exp_approx (kernels/math.h), the same on every ISA.
///
/// Tables with `bf16_dots` read BF16, int8 and fp8 otherwise: queries and weights are rounded to BF16, both
/// products add pairs of neighbours (dimensions 2i and 2i + 1, positions 2i and 2i + 1) as the instruction
/// does, exp of a weight is good to 5e-5, and l sums the rounded weights unless values have scales. The rest
/// is the same.
inline constexpr int kAttentionSpan = 128;
inline constexpr int kAttentionPart = 512;
struct AttentionArgs {
  KvView kv;
  RaggedRows rows;
  const float* queries;  // [tokens][query_stride], head h at h * head_dim
  int tokens, query_stride, heads;
  float scale;
  float* output;  // [tokens][output_stride], head h at h * head_dim
  int output_stride;
  int window = 0;                 // positions that a token sees, itself among them; 0: all
  float softcap = 0;              // 0: none
  const float* slopes = nullptr;  // [heads]
  const int* ends = nullptr;      // [tokens]
  QuantizedRows bytes =
      nullptr;  // instead of output, rounded as quantize does it; head_dim is a multiple of 32
};

/// output[t][i] = f(x[t][i]), or f(x[t][i]) * u[t][i] where gated (GLU variants, Shazeer 2020). Gated, x and
/// u lie in turns, 16 x then 16 u, as kActivate has them. kernels/activation.h gives each f with its order.
struct ActivateArgs {
  Activation kind;
  bool gated;
  const float* input;  // [tokens][features], gated [tokens][gated_width(features)]
  int tokens, features;
  float* output;  // [tokens][features]
};

/// x = cap(clip(x * scale)) in place: clip to [-clip, clip], cap(x) = tanh_approx(x / softcap) * softcap;
/// each only where its number is above 0.
struct ScaleArgs {
  float* values;  // [tokens][stride]
  int tokens, features, stride;
  float scale;
  float clip = 0;
  float softcap = 0;
};

/// sum[t][i] = fma(addend[t][i], scale, sum[t][i])
struct AddArgs {
  float* sum;           // [tokens][features]
  const float* addend;  // [tokens][addend_stride]; stride 0: one row for all tokens
  int tokens, features, addend_stride;
  float scale;
};

}  // namespace loci::kernels
