// Sixteen float lanes in one AVX-512 register: the vocabulary of cpu/*.inl.h (the same as cpu/avx2/vec.h).
// Include only from translation units compiled with the flags of layer.cmake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

namespace loci::kernels::avx512 {

/// Sixteen lanes of 32 bits: packed codes on their way to floats.
struct Words {
  __m512i lanes;
  static Words load(const std::byte* at) { return {_mm512_loadu_si512(at)}; }
  static Words load_u8(const std::byte* at) {
    return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)))};
  }
  static Words zero() { return {_mm512_setzero_si512()}; }
  /// The same 4 bytes in every lane.
  static Words splat(const void* at) {
    int word;
    __builtin_memcpy(&word, at, sizeof word);
    return {_mm512_set1_epi32(word)};
  }
  /// table[index] of each lane.
  static Words gather(const std::uint32_t* table, Words indices) {
    return {_mm512_i32gather_epi32(indices.lanes, table, 4)};
  }
  static Words load_u16(const std::byte* at) {
    return {_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)))};
  }
};
inline Words operator>>(Words a, int count) {
  return {_mm512_srli_epi32(a.lanes, static_cast<unsigned>(count))};
}
inline Words operator<<(Words a, int count) {
  return {_mm512_slli_epi32(a.lanes, static_cast<unsigned>(count))};
}
inline Words shift_right_signed(Words a, int count) {
  return {_mm512_srai_epi32(a.lanes, static_cast<unsigned>(count))};
}
inline Words operator&(Words a, int mask) {
  return {_mm512_and_si512(a.lanes, _mm512_set1_epi32(mask))};
}
/// sums + the dot product of each lane's four unsigned bytes of `codes` and four signed ones of `inputs`.
inline Words dot_bytes(Words sums, Words codes, Words inputs) {
  return {_mm512_dpbusd_epi32(sums.lanes, codes.lanes, inputs.lanes)};
}
/// Sums of dot products in a loop: as vectors of 32 bits, where GCC 12 keeps those of Words, of 64 for it,
/// twice, and then in memory.
struct Dots {
  using Lanes = int __attribute__((vector_size(64)));
  Lanes lanes;
  void add(Words codes, Words inputs) { lanes = Lanes(dot_bytes(words(), codes, inputs).lanes); }
  Words words() const { return {__m512i(lanes)}; }
};
inline Words add_bytes(Words a, Words b) {
  return {_mm512_add_epi8(a.lanes, b.lanes)};
}
/// The byte of each lane's lowest byte in all four.
inline Words repeat_byte(Words a) {
  return {_mm512_mullo_epi32(a.lanes, _mm512_set1_epi32(0x01010101))};
}
/// table[byte] of every byte, each below 16.
inline Words look_up_bytes(const std::uint8_t* table, Words indices) {
  const __m128i values = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
  return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(values), indices.lanes)};
}
inline Words operator^(Words a, int mask) {
  return {_mm512_xor_si512(a.lanes, _mm512_set1_epi32(mask))};
}
inline Words operator^(Words a, Words b) {
  return {_mm512_xor_si512(a.lanes, b.lanes)};
}
inline Words operator|(Words a, Words b) {
  return {_mm512_or_si512(a.lanes, b.lanes)};
}
inline Words operator+(Words a, Words b) {
  return {_mm512_add_epi32(a.lanes, b.lanes)};
}
inline Words operator-(Words a, Words b) {
  return {_mm512_sub_epi32(a.lanes, b.lanes)};
}
inline Words operator-(Words a, int less) {
  return {_mm512_sub_epi32(a.lanes, _mm512_set1_epi32(less))};
}

struct Vec {
  using Words = avx512::Words;
  using Dots = avx512::Dots;
  __m512 lanes;

  // How much of the register file an op may use: 32 registers, 24 of them accumulators of a matmul tile.
  static constexpr int kTilePanels = 2;
  static constexpr int kTileTokens = 12;
  static constexpr int kStreamSums = 16;  // accumulators when few tokens meet many panels

  static Vec zero() { return {_mm512_setzero_ps()}; }
  static Vec splat(float value) { return {_mm512_set1_ps(value)}; }

  static Vec load(const float* at) { return {_mm512_loadu_ps(at)}; }
  static Vec load_f16(const std::byte* at) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)))};
  }
  static Vec load_bf16(const std::byte* at) {
    return widen_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
  /// Signed byte number `index` of each of 16 words of 32 bits.
  static Vec from_bytes(const std::byte* at, int index) {
    const __m512i top = _mm512_slli_epi32(_mm512_loadu_si512(at), static_cast<unsigned>(24 - 8 * index));
    return {_mm512_cvtepi32_ps(_mm512_srai_epi32(top, 24))};
  }
  /// E4M3 without NaN. Its bits as those of a binary16 are the value over 256, subnormals included.
  static Vec load_f8_e4m3(const std::byte* at) {
    const __m256i codes = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    const __m256i sign = _mm256_and_si256(codes, _mm256_set1_epi16(-0x8000));
    const __m256i rest = _mm256_slli_epi16(_mm256_and_si256(codes, _mm256_set1_epi16(0x7F)), 7);
    return {_mm512_mul_ps(_mm512_cvtph_ps(_mm256_or_si256(sign, rest)), _mm512_set1_ps(256))};
  }
  /// Code number `index` of each of 16 words of 32 bits, less 8. A table of the 16 values does both steps:
  /// the permutation looks at the low 4 bits of a lane only.
  static Vec load_nibbles(const std::byte* at, int index) {
    const __m512 values = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    const __m512i codes = _mm512_srli_epi32(_mm512_loadu_si512(at), static_cast<unsigned>(4 * index));
    return {_mm512_permutexvar_ps(codes, values)};
  }
  static Vec from_words(Words signed_integers) { return {_mm512_cvtepi32_ps(signed_integers.lanes)}; }
  static Vec from_bits(Words floats) { return {_mm512_castsi512_ps(floats.lanes)}; }
  /// The binary16 in the low half of each lane.
  static Vec from_f16(Words halves) { return {_mm512_cvtph_ps(_mm512_cvtepi32_epi16(halves.lanes))}; }
  /// Negated where the top bit of `signs` is set.
  static Vec with_signs(Vec a, Words signs) {
    const __m512i top = _mm512_and_si512(signs.lanes, _mm512_set1_epi32(INT32_MIN));
    return {_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a.lanes), top))};
  }
  /// table[index] of each lane; the table has 16 entries, the indices are 0..15.
  static Vec look_up(const float* table, Words indices) {
    return {_mm512_permutexvar_ps(indices.lanes, _mm512_load_ps(table))};
  }

  // The first `count` lanes, 0..16; the others are 0 and their memory is not touched.
  static Vec load_first(const float* at, int count) { return {_mm512_maskz_loadu_ps(mask(count), at)}; }
  static Vec load_first_f16(const std::byte* at, int count) {
    return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask(count), at))};
  }
  static Vec load_first_bf16(const std::byte* at, int count) {
    return widen_bf16(_mm256_maskz_loadu_epi16(mask(count), at));
  }

  void store(float* at) const { _mm512_storeu_ps(at, lanes); }
  void store_first(float* at, int count) const { _mm512_mask_storeu_ps(at, mask(count), lanes); }

 private:
  static __mmask16 mask(int count) { return static_cast<__mmask16>((1u << count) - 1u); }
  static Vec widen_bf16(__m256i halves) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
  }
};

inline Vec operator+(Vec a, Vec b) {
  return {_mm512_add_ps(a.lanes, b.lanes)};
}
inline Vec operator-(Vec a, Vec b) {
  return {_mm512_sub_ps(a.lanes, b.lanes)};
}
inline Vec operator*(Vec a, Vec b) {
  return {_mm512_mul_ps(a.lanes, b.lanes)};
}
inline Vec operator/(Vec a, Vec b) {
  return {_mm512_div_ps(a.lanes, b.lanes)};
}
inline Vec fma(Vec a, Vec b, Vec c) {
  return {_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes)};
}  // a * b + c
inline Vec fms(Vec a, Vec b, Vec c) {
  return {_mm512_fmsub_ps(a.lanes, b.lanes, c.lanes)};
}  // a * b - c
inline Vec max(Vec a, Vec b) {
  return {_mm512_max_ps(a.lanes, b.lanes)};
}  // a > b ? a : b

/// a < b ? yes : no. Comparisons with NaN are false.
inline Vec where_less(Vec a, Vec b, Vec yes, Vec no) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_LT_OQ), no.lanes, yes.lanes)};
}
inline Vec where_nan(Vec a, Vec yes, Vec no) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.lanes, a.lanes, _CMP_UNORD_Q), no.lanes, yes.lanes)};
}
inline Vec magnitude(Vec a) {
  return {_mm512_abs_ps(a.lanes)};
}
inline Words bits_of(Vec a) {
  return {_mm512_castps_si512(a.lanes)};
}
/// The nearest integers, halves to even.
inline Words rounded(Vec a) {
  return {_mm512_cvtps_epi32(a.lanes)};
}
/// As binary16, rounded to the nearest, halves to even: 32 bytes.
inline void store_f16(Vec a, std::byte* at) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_cvtps_ph(a.lanes, _MM_FROUND_TO_NEAREST_INT));
}
/// The low half of each lane, the other being 0: 32 bytes.
inline void store_u16(Words a, std::byte* at) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_cvtepi32_epi16(a.lanes));
}
/// The low byte of each lane, the others being 0: 16 bytes.
inline void store_u8(Words a, std::byte* at) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm512_cvtepi32_epi8(a.lanes));
}
inline bool any_nan(Vec a, Vec b) {
  return _mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_UNORD_Q) != 0;
}
/// Numbers of -127..127 as 32 bytes, rounded to the nearest, halves to even; and the sums of the bytes of
/// either vector.
inline void store_codes(Vec low, Vec high, std::int8_t* at, int (&sums)[2]) {
  const __m128i low_codes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(low.lanes));
  const __m128i high_codes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(high.lanes));
  const __m256i codes = _mm256_inserti128_si256(_mm256_castsi128_si256(low_codes), high_codes, 1);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), codes);
  // Unsigned, eight bytes are added by one instruction.
  const __m256i eights =
      _mm256_sad_epu8(_mm256_xor_si256(codes, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
  const __m256i sixteens = _mm256_add_epi32(eights, _mm256_unpackhi_epi64(eights, eights));
  sums[0] = _mm256_cvtsi256_si32(sixteens) - 16 * 128;
  sums[1] = _mm_cvtsi128_si32(_mm256_extracti128_si256(sixteens, 1)) - 16 * 128;
}
/// Adds the low bits of `power` to the exponents of `a`: a * 2^n, for normal results.
inline Vec add_to_exponent(Vec a, Vec power) {
  const __m512i shifted = _mm512_slli_epi32(_mm512_castps_si512(power.lanes), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.lanes), shifted))};
}

inline float first_lane(Vec a) {
  return _mm512_cvtss_f32(a.lanes);
}
/// The upper eight lanes combined with the lower, then four, two, one.
inline float fold_sum(Vec a) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.lanes), 1));
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.lanes), high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float fold_max(Vec a) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.lanes), 1));
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a.lanes), high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace loci::kernels::avx512
