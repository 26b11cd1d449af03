#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.h"
#include "kernels/kv_address.h"
#include "kernels/kv_gather.h"
#include "kernels/math.h"
#include "kernels/ref/lanes.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// One query head of one token against one KV head: its weights over a part of the positions, then over all.
class Head {
 public:
  Head(const AttentionArgs& args, int token, int head)
      : args_(args),
        table_(args.rows.tables[args.rows.sequence[token]]),
        kv_head_(head / (args.heads / args.kv.kv_heads)),
        head_dim_(args.kv.head_dim),
        query_(args.queries + static_cast<std::ptrdiff_t>(token) * args.query_stride + head * head_dim_),
        output_(args.output + static_cast<std::ptrdiff_t>(token) * args.output_stride + head * head_dim_),
        position_(args.rows.positions[token]),
        slope_(args.slopes ? args.slopes[head] : 0.0f),
        seen_(visible_positions(args, token)) {}

  void attend() {
    for (int d = 0; d < head_dim_; ++d) output_[d] = 0;
    for (int part = seen_.first / kAttentionPart * kAttentionPart; part < seen_.end; part += kAttentionPart)
      merge(attend_part(part));
    for (int d = 0; d < head_dim_; ++d) output_[d] = output_[d] / sum_ + 0.0f;
  }

 private:
  struct Part {
    float maximum = kMinusInfinity;
    Lanes sums = {};
    std::vector<float> values;  // [head_dim], weighted
  };

  Part attend_part(int first) const {
    Part part{.values = std::vector<float>(static_cast<std::size_t>(head_dim_), 0.0f)};
    for (int span = first; span < first + kAttentionPart; span += kAttentionSpan) {
      const int begin = std::max(span, seen_.first), end = std::min(span + kAttentionSpan, seen_.end);
      if (begin < end) add_span(begin, end, part);
    }
    return part;
  }

  float score(int key) const {
    const KvView& kv = args_.kv;
    float dot = 0;
    for (int d = 0; d < head_dim_; ++d)
      dot = std::fma(query_[d], load_kv_element(kv.dtype, key_address(kv, table_, kv_head_, d, key)), dot);
    if (has_kv_scales(kv.dtype)) dot = dot * load_scale(key_scale_address(kv, table_, kv_head_, key));
    float score = dot * args_.scale;
    if (args_.softcap > 0) score = tanh_approx(score / args_.softcap) * args_.softcap;
    if (args_.slopes != nullptr) score = std::fma(slope_, static_cast<float>(key - position_), score);
    return score;
  }

  /// Positions [begin, end) of one span.
  void add_span(int begin, int end, Part& part) const {
    const KvView& kv = args_.kv;
    float weights[kAttentionSpan];
    float maximum = part.maximum;
    for (int p = begin; p < end; ++p) {
      weights[p - begin] = score(p);
      maximum = std::max(maximum, weights[p - begin]);
    }
    const float correction = exp_approx(part.maximum - maximum);
    part.maximum = maximum;
    for (float& sum : part.sums.lane) sum = sum * correction;
    for (float& value : part.values) value = value * correction;
    for (int p = begin; p < end; ++p) {
      float weight = exp_approx(weights[p - begin] - maximum);
      part.sums.lane[p % kLanes] = part.sums.lane[p % kLanes] + weight;
      if (has_kv_scales(kv.dtype)) weight = weight * load_scale(value_scale_address(kv, table_, kv_head_, p));
      for (int d = 0; d < head_dim_; ++d) {
        const float value = load_kv_element(kv.dtype, value_address(kv, table_, kv_head_, d, p));
        part.values[static_cast<std::size_t>(d)] =
            std::fma(weight, value, part.values[static_cast<std::size_t>(d)]);
      }
    }
  }

  void merge(const Part& part) {
    const float maximum = std::max(maximum_, part.maximum);
    const float keep = exp_approx(maximum_ - maximum), take = exp_approx(part.maximum - maximum);
    maximum_ = maximum;
    sum_ = std::fma(sum_, keep, fold_sum(part.sums) * take);
    for (int d = 0; d < head_dim_; ++d)
      output_[d] = std::fma(output_[d], keep, part.values[static_cast<std::size_t>(d)] * take);
  }

  const AttentionArgs& args_;
  const std::uint32_t* table_;
  int kv_head_, head_dim_;
  const float* query_;
  float* output_;  // the weighted sum of values
  int position_;   // of the token
  float slope_;    // of ALiBi; 0: none
  Visible seen_;
  float maximum_ = kMinusInfinity, sum_ = 0;
};

}  // namespace

void attention(const AttentionArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.heads % args.kv.kv_heads == 0 && is_kv_dtype(args.kv.dtype));
  if (args.bytes != nullptr) {
    const int features = args.heads * args.kv.head_dim;
    std::vector<float> output(static_cast<std::size_t>(args.tokens) * static_cast<std::size_t>(features));
    AttentionArgs in_floats = args;
    in_floats.bytes = nullptr;
    in_floats.output = output.data();
    in_floats.output_stride = features;
    attention(in_floats, pool);
    return quantize({output.data(), args.tokens, features, nullptr, args.bytes}, pool);
  }
  pool.for_each_chunk(args.tokens * args.heads, 1, [&](int begin, int end) {
    for (int i = begin; i < end; ++i) Head(args, i / args.heads, i % args.heads).attend();
  });
}

}  // namespace loci::kernels::ref
