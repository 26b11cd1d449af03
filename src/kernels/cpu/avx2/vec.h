// Sixteen float lanes in two AVX2 registers: the vocabulary of cpu/*.inl.h (the same as cpu/avx512/vec.h).
// Include only from translation units compiled with the flags of layer.cmake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#ifndef LOCI_AVX2
#define LOCI_AVX2 avx2
#endif

// A table with further extensions takes the same vector under a name of its own: symbols are not to be
// shared.
namespace loci::kernels::LOCI_AVX2 {

/// Sixteen lanes of 32 bits: packed codes on their way to floats.
struct Words {
  __m256i low, high;
  static Words load(const std::byte* at) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))};
  }
  static Words load_u8(const std::byte* at) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return {_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(bytes, bytes))};
  }
  static Words zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  /// The same 4 bytes in every lane.
  static Words splat(const void* at) {
    int word;
    __builtin_memcpy(&word, at, sizeof word);
    const __m256i lanes = _mm256_set1_epi32(word);
    return {lanes, lanes};
  }
  /// table[index] of each lane.
  static Words gather(const std::uint32_t* table, Words indices) {
    const int* at = reinterpret_cast<const int*>(table);
    return {_mm256_i32gather_epi32(at, indices.low, 4), _mm256_i32gather_epi32(at, indices.high, 4)};
  }
  static Words load_u16(const std::byte* at) {
    return {_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))),
            _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16)))};
  }
};
inline Words operator>>(Words a, int count) {
  return {_mm256_srli_epi32(a.low, count), _mm256_srli_epi32(a.high, count)};
}
inline Words operator<<(Words a, int count) {
  return {_mm256_slli_epi32(a.low, count), _mm256_slli_epi32(a.high, count)};
}
inline Words shift_right_signed(Words a, int count) {
  return {_mm256_srai_epi32(a.low, count), _mm256_srai_epi32(a.high, count)};
}
inline Words operator&(Words a, int mask) {
  const __m256i lanes = _mm256_set1_epi32(mask);
  return {_mm256_and_si256(a.low, lanes), _mm256_and_si256(a.high, lanes)};
}
/// sums + the dot product of each lane's four unsigned bytes of `codes` and four signed ones of `inputs`.
/// Pairs of products would overflow 16 bits where codes reach 255: their top bits are multiplied apart (128 *
/// 127 * 2 < 2^15).
inline __m256i dot_bytes(__m256i sums, __m256i codes, __m256i inputs) {
#ifdef __AVXVNNI__
  return _mm256_dpbusd_avx_epi32(sums, codes, inputs);
#else  // in pairs of 16 bits
  const __m256i top = _mm256_set1_epi8(-128), ones = _mm256_set1_epi16(1);
  const __m256i low_pairs = _mm256_maddubs_epi16(_mm256_andnot_si256(top, codes), inputs);
  const __m256i top_pairs = _mm256_maddubs_epi16(_mm256_and_si256(top, codes), inputs);
  const __m256i fours =
      _mm256_add_epi32(_mm256_madd_epi16(low_pairs, ones), _mm256_madd_epi16(top_pairs, ones));
  return _mm256_add_epi32(sums, fours);
#endif
}
inline Words dot_bytes(Words sums, Words codes, Words inputs) {
  return {dot_bytes(sums.low, codes.low, inputs.low), dot_bytes(sums.high, codes.high, inputs.high)};
}
/// Sums of dot products in a loop: see cpu/avx512/vec.h.
struct Dots {
  using Lanes = int __attribute__((vector_size(32)));
  Lanes low, high;
  void add(Words codes, Words inputs) {
    low = Lanes(dot_bytes(__m256i(low), codes.low, inputs.low));
    high = Lanes(dot_bytes(__m256i(high), codes.high, inputs.high));
  }
  Words words() const { return {__m256i(low), __m256i(high)}; }
};
inline Words add_bytes(Words a, Words b) {
  return {_mm256_add_epi8(a.low, b.low), _mm256_add_epi8(a.high, b.high)};
}
/// The byte of each lane's lowest byte in all four.
inline Words repeat_byte(Words a) {
  const __m256i ones = _mm256_set1_epi32(0x01010101);
  return {_mm256_mullo_epi32(a.low, ones), _mm256_mullo_epi32(a.high, ones)};
}
/// table[byte] of every byte, each below 16.
inline Words look_up_bytes(const std::uint8_t* table, Words indices) {
  const __m256i values = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
  return {_mm256_shuffle_epi8(values, indices.low), _mm256_shuffle_epi8(values, indices.high)};
}
inline Words operator^(Words a, int mask) {
  const __m256i lanes = _mm256_set1_epi32(mask);
  return {_mm256_xor_si256(a.low, lanes), _mm256_xor_si256(a.high, lanes)};
}
inline Words operator^(Words a, Words b) {
  return {_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)};
}
inline Words operator|(Words a, Words b) {
  return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}
inline Words operator+(Words a, Words b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
inline Words operator-(Words a, Words b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
inline Words operator-(Words a, int less) {
  const __m256i lanes = _mm256_set1_epi32(less);
  return {_mm256_sub_epi32(a.low, lanes), _mm256_sub_epi32(a.high, lanes)};
}

struct Vec {
  using Words = LOCI_AVX2::Words;
  using Dots = LOCI_AVX2::Dots;
  __m256 low, high;

  // How much of the register file an op may use: 16 registers, 12 of them accumulators of a matmul tile.
  static constexpr int kTilePanels = 1;
  static constexpr int kTileTokens = 6;
  static constexpr int kStreamSums = 6;  // accumulators when few tokens meet many panels

  static Vec zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Vec splat(float value) {
    const __m256 lanes = _mm256_set1_ps(value);
    return {lanes, lanes};
  }

  static Vec load(const float* at) { return {_mm256_loadu_ps(at), _mm256_loadu_ps(at + 8)}; }
  static Vec load_f16(const std::byte* at) {
    return {_mm256_cvtph_ps(load_eight_halves(at)), _mm256_cvtph_ps(load_eight_halves(at + 16))};
  }
  static Vec load_bf16(const std::byte* at) {
    return {widen_bf16(load_eight_halves(at)), widen_bf16(load_eight_halves(at + 16))};
  }
  /// Signed byte number `index` of each of 16 words of 32 bits.
  static Vec from_bytes(const std::byte* at, int index) {
    return from_words(shift_right_signed(Words::load(at) << (24 - 8 * index), 24));
  }
  /// E4M3 without NaN. Its bits as those of a binary16 are the value over 256, subnormals included.
  static Vec load_f8_e4m3(const std::byte* at) {
    const __m256i codes = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    const __m256i sign = _mm256_and_si256(codes, _mm256_set1_epi16(-0x8000));
    const __m256i rest = _mm256_slli_epi16(_mm256_and_si256(codes, _mm256_set1_epi16(0x7F)), 7);
    const __m256i halves = _mm256_or_si256(sign, rest);
    const __m256 unit = _mm256_set1_ps(256);
    return {_mm256_mul_ps(_mm256_cvtph_ps(_mm256_castsi256_si128(halves)), unit),
            _mm256_mul_ps(_mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)), unit)};
  }
  /// Code number `index` of each of 16 words of 32 bits, less 8.
  static Vec load_nibbles(const std::byte* at, int index) {
    return {nibbles(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)), index),
            nibbles(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32)), index)};
  }
  static Vec from_words(Words signed_integers) {
    return {_mm256_cvtepi32_ps(signed_integers.low), _mm256_cvtepi32_ps(signed_integers.high)};
  }
  static Vec from_bits(Words floats) {
    return {_mm256_castsi256_ps(floats.low), _mm256_castsi256_ps(floats.high)};
  }
  /// The binary16 in the low half of each lane, below 2^16.
  static Vec from_f16(Words halves) {
    const __m256i packed = _mm256_packus_epi32(halves.low, halves.high);  // within each half of the registers
    const __m256i ordered = _mm256_permute4x64_epi64(packed, 0xD8);
    return {_mm256_cvtph_ps(_mm256_castsi256_si128(ordered)),
            _mm256_cvtph_ps(_mm256_extracti128_si256(ordered, 1))};
  }
  /// Negated where the top bit of `signs` is set.
  static Vec with_signs(Vec a, Words signs) {
    const __m256i top = _mm256_set1_epi32(INT32_MIN);
    return {_mm256_xor_ps(a.low, _mm256_castsi256_ps(_mm256_and_si256(signs.low, top))),
            _mm256_xor_ps(a.high, _mm256_castsi256_ps(_mm256_and_si256(signs.high, top)))};
  }
  /// table[index] of each lane; the table has 16 entries, the indices are 0..15.
  static Vec look_up(const float* table, Words indices) {
    return {look_up(table, indices.low), look_up(table, indices.high)};
  }

  // The first `count` lanes, 0..16; the others are 0 and their memory is not touched.
  static Vec load_first(const float* at, int count) {
    return {_mm256_maskload_ps(at, mask(count)), _mm256_maskload_ps(at + 8, mask(count - 8))};
  }
  static Vec load_first_f16(const std::byte* at, int count) {
    const Halves halves(at, count);
    return load_f16(halves.bytes);
  }
  static Vec load_first_bf16(const std::byte* at, int count) {
    const Halves halves(at, count);
    return load_bf16(halves.bytes);
  }

  void store(float* at) const {
    _mm256_storeu_ps(at, low);
    _mm256_storeu_ps(at + 8, high);
  }
  void store_first(float* at, int count) const {
    _mm256_maskstore_ps(at, mask(count), low);
    _mm256_maskstore_ps(at + 8, mask(count - 8), high);
  }

 private:
  /// A copy padded with zeros: AVX2 has no masked load of 16-bit elements.
  struct Halves {
    alignas(32) std::byte bytes[32] = {};
    Halves(const std::byte* at, int count) {
      for (int i = 0; i < 2 * count; ++i) bytes[i] = at[i];
    }
  };

  static __m256i mask(int count) {  // any int: all lanes from 8 on, none up to 0
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static __m128i load_eight_halves(const std::byte* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  }
  static __m256 widen_bf16(__m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  /// Both halves of the table by the low three bits of an index, then the half that its fourth bit names.
  static __m256 look_up(const float* table, __m256i indices) {
    const __m256 below = _mm256_permutevar8x32_ps(_mm256_load_ps(table), indices);
    const __m256 above = _mm256_permutevar8x32_ps(_mm256_load_ps(table + 8), indices);
    return _mm256_blendv_ps(below, above, _mm256_castsi256_ps(_mm256_slli_epi32(indices, 28)));
  }
  static __m256 nibbles(__m256i words, int index) {
    const __m256i codes = _mm256_and_si256(_mm256_srli_epi32(words, 4 * index), _mm256_set1_epi32(15));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(codes, _mm256_set1_epi32(8)));
  }
};

inline Vec operator+(Vec a, Vec b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
inline Vec operator-(Vec a, Vec b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
inline Vec operator*(Vec a, Vec b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
inline Vec operator/(Vec a, Vec b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
inline Vec fma(Vec a, Vec b, Vec c) {  // a * b + c
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Vec fms(Vec a, Vec b, Vec c) {  // a * b - c
  return {_mm256_fmsub_ps(a.low, b.low, c.low), _mm256_fmsub_ps(a.high, b.high, c.high)};
}
inline Vec max(Vec a, Vec b) {  // a > b ? a : b
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}

/// a < b ? yes : no. Comparisons with NaN are false.
inline Vec where_less(Vec a, Vec b, Vec yes, Vec no) {
  return {_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
          _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
}
inline Vec where_nan(Vec a, Vec yes, Vec no) {
  return {_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, a.low, _CMP_UNORD_Q)),
          _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, a.high, _CMP_UNORD_Q))};
}
inline Vec magnitude(Vec a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
inline Words bits_of(Vec a) {
  return {_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)};
}
/// The nearest integers, halves to even.
inline Words rounded(Vec a) {
  return {_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)};
}
/// As binary16, rounded to the nearest, halves to even: 32 bytes.
inline void store_f16(Vec a, std::byte* at) {
  auto* to = reinterpret_cast<__m128i*>(at);
  _mm_storeu_si128(to, _mm256_cvtps_ph(a.low, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(to + 1, _mm256_cvtps_ph(a.high, _MM_FROUND_TO_NEAREST_INT));
}
/// The lanes in order as 16 bits each. Packing works within each half of the registers.
inline __m256i packed_words(Words a) {
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(a.low, a.high), 0xD8);
}
/// The low half of each lane, the other being 0: 32 bytes.
inline void store_u16(Words a, std::byte* at) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), packed_words(a));
}
/// The low byte of each lane, the others being 0: 16 bytes.
inline void store_u8(Words a, std::byte* at) {
  const __m256i words = packed_words(a);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at),
                   _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
inline bool any_nan(Vec a, Vec b) {
  return _mm256_movemask_ps(_mm256_or_ps(_mm256_cmp_ps(a.low, b.low, _CMP_UNORD_Q),
                                         _mm256_cmp_ps(a.high, b.high, _CMP_UNORD_Q))) != 0;
}
/// Numbers of -127..127 as 32 bytes, rounded to the nearest, halves to even; and the sums of the bytes of
/// either vector.
inline void store_codes(Vec low, Vec high, std::int8_t* at, int (&sums)[2]) {
  const __m256i low_pairs = _mm256_packs_epi32(_mm256_cvtps_epi32(low.low), _mm256_cvtps_epi32(low.high));
  const __m256i high_pairs = _mm256_packs_epi32(_mm256_cvtps_epi32(high.low), _mm256_cvtps_epi32(high.high));
  // Fours of either vector in turns, as packing leaves them.
  const __m256i mixed = _mm256_packs_epi16(low_pairs, high_pairs);
  const __m256i codes = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), codes);
  // Unsigned, eight bytes are added by one instruction.
  const __m256i eights =
      _mm256_sad_epu8(_mm256_xor_si256(codes, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
  const __m256i sixteens = _mm256_add_epi32(eights, _mm256_unpackhi_epi64(eights, eights));
  sums[0] = _mm256_cvtsi256_si32(sixteens) - 16 * 128;
  sums[1] = _mm_cvtsi128_si32(_mm256_extracti128_si256(sixteens, 1)) - 16 * 128;
}
inline __m256 add_to_exponent(__m256 a, __m256 power) {
  const __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(power), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted));
}
/// Adds the low bits of `power` to the exponents of `a`: a * 2^n, for normal results.
inline Vec add_to_exponent(Vec a, Vec power) {
  return {add_to_exponent(a.low, power.low), add_to_exponent(a.high, power.high)};
}

inline float first_lane(Vec a) {
  return _mm256_cvtss_f32(a.low);
}
/// The upper eight lanes combined with the lower, then four, two, one.
inline float fold_sum(Vec a) {
  const __m256 eight = _mm256_add_ps(a.low, a.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float fold_max(Vec a) {
  const __m256 eight = _mm256_max_ps(a.low, a.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace loci::kernels::LOCI_AVX2
