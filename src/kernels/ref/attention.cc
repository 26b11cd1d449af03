#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "kernels/kv_address.h"
#include "kernels/math.h"
#include "kernels/ref/lanes.h"
#include "kernels/ref/ref.h"
#include "tensor/formats/half.h"

namespace loci::kernels::ref {
namespace {

float load(DType dtype, const std::byte* at) {
  if (dtype == DType::kF32) {
    float value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  std::uint16_t half;
  std::memcpy(&half, at, sizeof half);
  return dtype == DType::kF16 ? f16_to_f32(half) : bf16_to_f32(half);
}

/// One query head of one token against one KV head.
struct Head {
  const AttentionArgs& args;
  const std::uint32_t* table;
  int kv_head;
  const float* query;
  float* output;  // the running sum of weighted values
  int position;   // of the token
  float slope;    // of ALiBi; 0: none

  float maximum = -std::numeric_limits<float>::infinity();
  Lanes sums = {};

  float score(int key) const {
    float dot = 0;
    for (int d = 0; d < args.kv.head_dim; ++d)
      dot = std::fma(query[d], load(args.kv.dtype, key_address(args.kv, table, kv_head, d, key)), dot);
    float score = dot * args.scale;
    if (args.softcap > 0) score = tanh_approx(score / args.softcap) * args.softcap;
    if (args.slopes != nullptr) score = std::fma(slope, static_cast<float>(key - position), score);
    return score;
  }

  void attend_span(int first, int begin, int count);
};

/// Positions first + [begin, count) of the span that begins at `first`.
void Head::attend_span(int first, int begin, int count) {
  float weights[kAttentionSpan] = {};  // an absent position weighs 0
  float new_maximum = maximum;
  for (int i = begin; i < count; ++i) {
    weights[i] = score(first + i);
    new_maximum = weights[i] > new_maximum ? weights[i] : new_maximum;
  }
  const float correction = exp_approx(maximum - new_maximum);
  maximum = new_maximum;
  for (int i = begin; i < count; ++i) weights[i] = exp_approx(weights[i] - maximum);
  for (int i = 0; i < kLanes; ++i)
    sums.lane[i] = std::fma(sums.lane[i], correction, weights[i] + weights[i + kLanes]);
  for (int d = 0; d < args.kv.head_dim; ++d) {
    output[d] = output[d] * correction;
    for (int i = begin; i < count; ++i) {
      const float value = load(args.kv.dtype, value_address(args.kv, table, kv_head, d, first + i));
      output[d] = std::fma(weights[i], value, output[d]);
    }
  }
}

void attend(const AttentionArgs& args, int token, int head) {
  Head state{.args = args,
             .table = args.rows.tables[args.rows.sequence[token]],
             .kv_head = head / (args.heads / args.kv.kv_heads),
             .query = args.queries + static_cast<std::ptrdiff_t>(token) * args.query_stride +
                      head * args.kv.head_dim,
             .output = args.output + static_cast<std::ptrdiff_t>(token) * args.output_stride +
                       head * args.kv.head_dim,
             .position = args.rows.positions[token],
             .slope = args.slopes ? args.slopes[head] : 0.0f};
  for (int d = 0; d < args.kv.head_dim; ++d) state.output[d] = 0;
  const Visible visible = visible_positions(args, token);
  for (int first = visible.first / kAttentionSpan * kAttentionSpan; first < visible.end;
       first += kAttentionSpan)
    state.attend_span(first, visible.first > first ? visible.first - first : 0,
                      visible.end - first < kAttentionSpan ? visible.end - first : kAttentionSpan);
  const float total = fold_sum(state.sums);
  for (int d = 0; d < args.kv.head_dim; ++d) state.output[d] = state.output[d] / total;
}

}  // namespace

void attention(const AttentionArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.heads % args.kv.kv_heads == 0);
  pool.for_each_chunk(args.tokens * args.heads, 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) attend(args, i / args.heads, i % args.heads);
  });
}

}  // namespace loci::kernels::ref
