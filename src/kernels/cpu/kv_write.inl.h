// Keys and values into the cache: rows of floats become rows of the cache's numbers, and these are laid out
// as kv_address.h says. Up to 16 neighbouring positions are written together: whole lines of keys, whose
// tokens lie innermost, and both halves of pairs of values.
#pragma once

#include "base/check.h"
#include "kernels/cpu/grain.h"
#include "kernels/cpu/rope.inl.h"
#include "kernels/kv_address.h"
#include "kernels/kv_gather.h"
#include "kernels/scratch.h"
#include "kernels/turn_square.h"
#include "tensor/formats/f8.h"

namespace loci::kernels {

static constexpr int kRunTokens = 16;

// How 16 numbers are rounded, to the bits of the functions of tensor/formats.
template <class Vec>
struct RoundToF32 {
  static constexpr std::size_t kBytes = 4;
  static void store(Vec x, std::byte* at) { x.store(reinterpret_cast<float*>(at)); }
};
template <class Vec>
struct RoundToF16 {
  static constexpr std::size_t kBytes = 2;
  static void store(Vec x, std::byte* at) { store_f16(x, at); }
};
template <class Vec>
struct RoundToBF16 {
  static constexpr std::size_t kBytes = 2;
  static void store(Vec x, std::byte* at) {
    static constexpr std::uint32_t kQuiet = 0x400000;
    const auto bits = bits_of(x);
    const auto number = (bits - -0x7FFF) + ((bits >> 16) & 1), nan = bits | Vec::Words::splat(&kQuiet);
    store_u16(bits_of(where_nan(x, Vec::from_bits(nan), Vec::from_bits(number))) >> 16, at);
  }
};
template <class Vec>
struct RoundToI8 {
  static constexpr std::size_t kBytes = 1;
  static constexpr float kLargestCode = 127;
  static void store(Vec x, std::byte* at) {
    const Vec most = Vec::splat(127), least = Vec::splat(-127);
    x = max(x, least);  // a NaN, too
    store_u8(rounded(where_less(most, x, most, x)) & 0xFF, at);
  }
};
template <class Vec>
struct RoundToF8 {
  static constexpr std::size_t kBytes = 1;
  static constexpr float kLargestCode = kLargestF8E4M3;
  static void store(Vec x, std::byte* at) {
    static constexpr std::uint32_t kLargest = 0x7E, kNan = 0x7F;
    using Words = typename Vec::Words;
    const Vec size = magnitude(x);
    const Words rebiased = bits_of(size) - ((127 - 7) << 23);
    const Words number = ((rebiased - -0x7FFFF) + ((rebiased >> 20) & 1)) >> 20;
    // One unit in the last place of a number in [2^14, 2^15) is 2^-9: the addition rounds a subnormal.
    const Words subnormal = bits_of(size + Vec::splat(0x1p14f)) & 15;
    Vec code = where_less(size, Vec::splat(0x1p-6f), Vec::from_bits(subnormal), Vec::from_bits(number));
    code = where_less(size, Vec::splat(kLargestF8E4M3), code, Vec::from_bits(Words::splat(&kLargest)));
    code = where_nan(x, Vec::from_bits(Words::splat(&kNan)), code);
    store_u8(bits_of(code) | ((bits_of(x) >> 24) & 0x80), at);
  }
};

/// Calls f with the way to round to `dtype`.
template <class Vec, class F>
void with_rounding(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kF32:
      return f(RoundToF32<Vec>{});
    case DType::kF16:
      return f(RoundToF16<Vec>{});
    case DType::kBF16:
      return f(RoundToBF16<Vec>{});
    case DType::kI8:
      return f(RoundToI8<Vec>{});
    default:
      return f(RoundToF8<Vec>{});
  }
}

/// The first 16 of `count` numbers, then zeros.
template <class Vec>
Vec load_up_to_16(const float* at, int count) {
  return count < 16 ? Vec::load_first(at, count) : Vec::load(at);
}

/// 1 / scale of a row; the scale, which takes the largest magnitude to `largest_code`, goes to `scale`. A row
/// of (nearly) zeros has codes 0.
template <class Vec>
float write_scale(const float* row, int dims, float largest_code, std::byte* scale) {
  Vec largest = Vec::zero();
  for (int d = 0; d < dims; d += 16) largest = max(magnitude(load_up_to_16<Vec>(row + d, dims - d)), largest);
  const float value = fold_max(largest) / largest_code;
  std::memcpy(scale, &value, sizeof value);
  return value > 1e-38f ? 1.0f / value : 0.0f;
}

/// The run's rows as the cache's numbers, `stride` bytes apart, and zeros behind each.
struct CacheRows {
  const std::byte* codes;
  std::size_t stride;
};
static inline const std::byte* cache_row(const CacheRows& rows, int i) {
  return rows.codes + static_cast<std::size_t>(i) * rows.stride;
}
template <class Vec, class Round>
CacheRows round_rows_to_cache(const KvRun& run, const float* rows, long stride, std::byte* scales) {
  const int dims = run.kv.head_dim;
  const std::size_t row_bytes = static_cast<std::size_t>((dims + 15) / 16 * 16) * Round::kBytes;
  std::byte* codes = thread_scratch(ScratchUse::kTile, kRunTokens * row_bytes);
  for (int i = 0; i < run.count; ++i, rows += stride) {
    std::byte* to = codes + static_cast<std::size_t>(i) * row_bytes;
    if constexpr (Round::kBytes == 1) {
      const float inverse = write_scale<Vec>(rows, dims, Round::kLargestCode, scales + 4 * i);
      for (int d = 0; d < dims; d += 16)
        Round::store(load_up_to_16<Vec>(rows + d, dims - d) * Vec::splat(inverse), to + d);
    } else {
      for (int d = 0; d < dims; d += 16, to += 16 * Round::kBytes)
        Round::store(load_up_to_16<Vec>(rows + d, dims - d), to);
    }
  }
  return {codes, row_bytes};
}

/// Unit u of row i to out + u * stride + i * sizeof(Unit).
template <class Unit>
static void turn_rows(const CacheRows& rows, int count, int units, std::byte* out, std::size_t stride) {
  constexpr int kSquare = 16 / sizeof(Unit);
  const auto one_by_one = [&](int i, int first) {
    for (auto u = static_cast<std::size_t>(first); u < static_cast<std::size_t>(units); ++u)
      std::memcpy(out + u * stride + static_cast<std::size_t>(i) * sizeof(Unit),
                  cache_row(rows, i) + u * sizeof(Unit), sizeof(Unit));
  };
  const int whole = units / kSquare * kSquare;
  int i = 0;
  for (; i + kSquare <= count; i += kSquare) {
    for (int u = 0; u < whole; u += kSquare)
      turn_square<Unit>(
          [&](std::size_t k) {
            return cache_row(rows, i + static_cast<int>(k)) + static_cast<std::size_t>(u) * sizeof(Unit);
          },
          out + static_cast<std::size_t>(u) * stride + static_cast<std::size_t>(i) * sizeof(Unit), stride);
    for (int k = i; k < i + kSquare; ++k) one_by_one(k, whole);
  }
  for (; i < count; ++i) one_by_one(i, 0);
}

/// Two rows' units in turns.
template <class Unit>
static void zip_rows(const std::byte* even, const std::byte* odd, int count, std::byte* out) {
  constexpr int kTogether = 16 / sizeof(Unit);
  int d = 0;
  for (; d + kTogether <= count; d += kTogether, even += 16, odd += 16, out += 32) {
    Units<Unit> a, b;
    std::memcpy(&a, even, 16), std::memcpy(&b, odd, 16);
    const Units<Unit> low = zip<0, Unit>(a, b), high = zip<1, Unit>(a, b);
    std::memcpy(out, &low, 16), std::memcpy(out + 16, &high, 16);
  }
  for (; d < count; ++d, even += sizeof(Unit), odd += sizeof(Unit), out += 2 * sizeof(Unit)) {
    std::memcpy(out, even, sizeof(Unit));
    std::memcpy(out + sizeof(Unit), odd, sizeof(Unit));
  }
}

/// Keys of a run's positions, all of one 16th of a block: row i, `stride` floats behind row i - 1, of
/// position run.first + i.
template <class Vec>
void write_keys(const KvRun& run, const float* rows, long stride) {
  const KvView& kv = run.kv;
  std::byte* to = key_address(kv, run.table, run.kv_head, 0, run.first);
  std::byte* scales = key_scale_address(kv, run.table, run.kv_head, run.first);
  const auto tokens = static_cast<std::size_t>(kv.block_tokens);
  with_rounding<Vec>(kv.dtype, [&]<class Round>(Round) {
    const CacheRows rounded = round_rows_to_cache<Vec, Round>(run, rows, stride, scales);
    const int pairs = (kv.head_dim + 1) / 2;
    if (!is_kv_paired(kv.dtype)) {
      if constexpr (Round::kBytes == 4)
        turn_rows<std::uint32_t>(rounded, run.count, kv.head_dim, to, tokens * 4);
      if constexpr (Round::kBytes == 2)
        turn_rows<std::uint16_t>(rounded, run.count, kv.head_dim, to, tokens * 2);
    } else {
      if constexpr (Round::kBytes == 2) turn_rows<std::uint32_t>(rounded, run.count, pairs, to, tokens * 4);
      if constexpr (Round::kBytes == 1) turn_rows<std::uint16_t>(rounded, run.count, pairs, to, tokens * 2);
    }
  });
}

/// Values of the same.
template <class Vec>
void write_values(const KvRun& run, const float* rows, long stride) {
  const KvView& kv = run.kv;
  const auto at = [&](int i) { return value_address(kv, run.table, run.kv_head, 0, run.first + i); };
  std::byte* scales = value_scale_address(kv, run.table, run.kv_head, run.first);
  with_rounding<Vec>(kv.dtype, [&]<class Round>(Round) {
    using Unit = std::conditional_t<Round::kBytes == 1, std::uint8_t, std::uint16_t>;
    const CacheRows rounded = round_rows_to_cache<Vec, Round>(run, rows, stride, scales);
    const auto dims = static_cast<std::size_t>(kv.head_dim);
    for (int i = 0; i < run.count; ++i) {
      if (!is_kv_paired(kv.dtype)) {
        std::memcpy(at(i), cache_row(rounded, i), dims * Round::kBytes);
      } else if ((run.first + i) % kv.block_tokens % 2 == 0 && i + 1 < run.count) {
        zip_rows<Unit>(cache_row(rounded, i), cache_row(rounded, i + 1), kv.head_dim, at(i));
        ++i;
      } else {  // its twin stays as it is
        for (std::size_t d = 0; d < dims; ++d)
          std::memcpy(at(i) + 2 * d * sizeof(Unit), cache_row(rounded, i) + d * sizeof(Unit), sizeof(Unit));
      }
    }
  });
}

/// Whether a token is written together with the one before it: the next position of the same sequence, in the
/// same 16th of a block.
static inline bool continues_run(const KvWriteArgs& args, int token) {
  const int* positions = args.rows.positions;
  return token > 0 && args.rows.sequence[token] == args.rows.sequence[token - 1] &&
         positions[token] == positions[token - 1] + 1 &&
         positions[token] % args.kv.block_tokens % kRunTokens != 0;
}

/// `count` tokens from `first` on, whose positions are a run. Each head's keys are written as soon as they
/// are rotated.
template <class Vec>
void write_run(const KvWriteArgs& args, int first, int count) {
  const KvView& kv = args.kv;
  const std::uint32_t* table = args.rows.tables[args.rows.sequence[first]];
  const int queries = args.rope != nullptr ? args.rope->head_count - kv.kv_heads : 0;
  for (int t = first; t < first + count && queries > 0; ++t) rotate_heads<Vec>(*args.rope, t, 0, queries);
  for (int h = 0; h < kv.kv_heads; ++h) {
    for (int t = first; t < first + count && args.rope != nullptr; ++t)
      rotate_heads<Vec>(*args.rope, t, queries + h, queries + h + 1);
    const KvRun run{kv, table, h, args.rows.positions[first], count};
    write_keys<Vec>(run, args.keys + offset(first, args.key_stride) + h * kv.head_dim, args.key_stride);
    write_values<Vec>(run, args.values + offset(first, args.value_stride) + h * kv.head_dim,
                      args.value_stride);
  }
}

/// Pieces end where runs do, so that two threads never meet in a pair.
template <class Vec>
void kv_write(const KvWriteArgs& args, WorkerPool& pool) {
  LOCI_CHECK(is_kv_dtype(args.kv.dtype));
  LOCI_CHECK(args.rope == nullptr || args.tokens == args.rope->tokens);
  const int heads = args.rope != nullptr ? args.rope->head_count : args.kv.kv_heads;
  const auto run_end = [&](int token) {
    while (token < args.tokens && continues_run(args, token)) ++token;
    return token;
  };
  pool.for_each_chunk(args.tokens, piece_of(offset(heads, args.kv.head_dim)), [&](int begin, int end) {
    for (int t = run_end(begin); t < run_end(end);) {
      const int count = run_end(t + 1) - t;
      write_run<Vec>(args, t, count);
      t += count;
    }
  });
}

}  // namespace loci::kernels
