// What attention multiplies over BF16, int8 and fp8 keys and values: pairs of bfloat16. The codes of the last
// two are BF16 numbers exactly. For processors with AVX-512 BF16 and VBMI.
#pragma once

#include <bit>
#include <immintrin.h>
#include <type_traits>

#include "kernels/cpu/kv_words.inl.h"

namespace loci::kernels {

/// The BF16 numbers of 7-bit magnitudes, in halves.
template <class Source>
struct CodeTable {
  alignas(64) std::uint8_t low[128], high[128];
  constexpr CodeTable() : low(), high() {
    for (int code = 0; code < 128; ++code) {
      const auto bits = std::bit_cast<std::uint32_t>(Source::magnitude(code));
      low[code] = static_cast<std::uint8_t>(bits >> 16);
      high[code] = static_cast<std::uint8_t>(bits >> 24);
    }
  }
};
template <class Source>
constexpr CodeTable<Source> kCodeTable;

template <class V>
struct Bf16Math {
  using Vec = V;
  static constexpr int kPair = 2;

  static constexpr bool reads_in_place(DType dtype) { return dtype == DType::kBF16; }

  static Vec multiply_add(Vec words, Vec word, Vec sum) {
    return {_mm512_dpbf16_ps(sum.lanes, pairs(words), pairs(word))};
  }

  static float pack(float first, float second) {
    return std::bit_cast<float>(rounded(first) >> 16 | (rounded(second) & 0xFFFF0000u));
  }
  /// The numbers are BF16 already.
  static void store_pair(Vec even, Vec odd, float* words, long) {
    const __m512i low = _mm512_srli_epi32(_mm512_castps_si512(even.lanes), 16);
    const __m512i high = _mm512_castps_si512(odd.lanes);
    _mm512_storeu_si512(words, _mm512_mask_blend_epi16(0xAAAAAAAA, low, high));
  }
  template <class Source>
  static constexpr bool kWidensCodes =
      std::is_same_v<Source, PairedI8<Vec>> || std::is_same_v<Source, PairedF8<Vec>>;

  /// Two runs of 16 pairs of codes (sign and 7-bit magnitude, or int8) as words: the halves of a number are
  /// looked up apart and interleaved.
  template <class Source>
  static void widen_codes(const std::byte* first, const std::byte* second, float* words, float* next_words) {
    const CodeTable<Source>& table = kCodeTable<Source>;
    const __m512i codes = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(first))),
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second)), 1);
    const __m512i magnitudes = std::is_same_v<Source, PairedI8<Vec>>
                                   ? _mm512_abs_epi8(codes)
                                   : _mm512_and_si512(codes, _mm512_set1_epi8(0x7F));
    const __m512i low = look_up(table.low, magnitudes);
    const __m512i signs = _mm512_and_si512(codes, _mm512_set1_epi8(-128));
    const __m512i high = _mm512_or_si512(look_up(table.high, magnitudes), signs);
    // Of each 16 bytes, the numbers of the first 8 and those of the others.
    const __m512i left = _mm512_unpacklo_epi8(low, high), right = _mm512_unpackhi_epi8(low, high);
    const __m512i order = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i next_order = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    _mm512_storeu_si512(words, _mm512_permutex2var_epi64(left, order, right));
    _mm512_storeu_si512(next_words, _mm512_permutex2var_epi64(left, next_order, right));
  }

  /// exp(x) of what is never above 0, to 5e-5: the weights keep 8 bits. 2^t = 2^n 2^r, n = round(t), and 2^r
  /// is its Taylor polynomial of degree 4, which is off by less than (0.5 ln 2)^5 / 5!. At 0 it is 1.
  static Vec weights(Vec x) {
    const __m512 lowest = _mm512_set1_ps(-160);  // 2^-160 is 0; minus infinity would give a NaN
    const __m512 t = _mm512_max_ps(lowest, _mm512_mul_ps(x.lanes, _mm512_set1_ps(0x1.715476p+0f)));
    const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 r = _mm512_sub_ps(t, n);
    __m512 series = _mm512_set1_ps(0x1.3b2ab6p-7f);
    for (const float term : {0x1.c6b08ep-5f, 0x1.ebfbe0p-3f, 0x1.62e430p-1f, 1.0f})
      series = _mm512_fmadd_ps(series, r, _mm512_set1_ps(term));
    return {_mm512_scalef_ps(series, n)};
  }
  static Vec store_weights(Vec weights, float* words) {
    const __m256i halves = std::bit_cast<__m256i>(_mm512_cvtneps_pbh(weights.lanes));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), halves);
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
  }

 private:
  static __m512i look_up(const std::uint8_t* table, __m512i indices) {
    return _mm512_permutex2var_epi8(_mm512_load_si512(table), indices, _mm512_load_si512(table + 64));
  }
  static __m512bh pairs(Vec words) { return std::bit_cast<__m512bh>(words.lanes); }
  /// To nearest even, in the upper half.
  static std::uint32_t rounded(float number) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    return bits + 0x7FFFu + (bits >> 16 & 1u);
  }
};

}  // namespace loci::kernels
