// What the loops of attention multiply. A word is what a lane of 32 bits takes in one multiply-add: one float
// here, a pair of bfloat16 in avx512_bf16/. Queries, keys, weights and values are laid out in words, so that
// the loops (attention_product.inl.h) are the same for both.
#pragma once

#include "kernels/cpu/math.inl.h"
#include "kernels/ops.h"

namespace loci::kernels {

template <class V>
struct FloatMath {
  using Vec = V;
  static constexpr int kPair = 1;  // numbers in a word

  /// Types whose words lie in the blocks as they are needed.
  static constexpr bool reads_in_place(DType dtype) { return dtype == DType::kF32; }

  static Vec multiply_add(Vec words, Vec word, Vec sum) { return fma(word, words, sum); }

  /// The word of two neighbours; only the first where words are single numbers.
  static float pack(float number, float) { return number; }

  /// Two neighbouring rows of numbers as rows of words, `step` apart.
  static void store_pair(Vec even, Vec odd, float* words, long step) {
    even.store(words);
    odd.store(words + step);
  }
  /// Whether rows of `Source` (kv_words.inl.h) become words by widen_codes(), without being floats on the
  /// way.
  template <class Source>
  static constexpr bool kWidensCodes = false;

  /// exp(x) of what is never above 0.
  static Vec weights(Vec x) { return exp_lanes(x); }
  /// Weights of 16 positions; returns them as they will be multiplied.
  static Vec store_weights(Vec weights, float* words) {
    weights.store(words);
    return weights;
  }
};

}  // namespace loci::kernels
