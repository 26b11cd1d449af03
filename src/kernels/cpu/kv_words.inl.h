// Keys and values as the products of attention read them (attention_product.inl.h): in place where a block's
// layout is that already, else converted, a group of 16 positions at a time.
//   keys of a group     [head_dim / kPair][16] words
//   values of a group   [16 / kPair][row] words; positions that no row sees are 0
// What many rows will read is copied, where the products ask for it, even if it could be read in place:
// values as panels of a few vectors, since a column of rows some hundred bytes apart would meet in few sets
// of the first cache.
#pragma once

#include "kernels/cpu/attention_product.inl.h"
#include "kernels/kv_gather.h"
#include "kernels/scratch.h"
#include "tensor/formats/f8.h"

namespace loci::kernels {

// How two neighbouring rows of 16 numbers are read: plain rows from two places, paired ones from one.
template <class Vec>
struct PlainF32 {
  static constexpr bool kPaired = false;
  static void load(const std::byte* even_at, const std::byte* odd_at, Vec& even, Vec& odd) {
    even = Vec::load(reinterpret_cast<const float*>(even_at));
    odd = Vec::load(reinterpret_cast<const float*>(odd_at));
  }
};
template <class Vec>
struct PlainF16 {
  static constexpr bool kPaired = false;
  static void load(const std::byte* even_at, const std::byte* odd_at, Vec& even, Vec& odd) {
    even = Vec::load_f16(even_at);
    odd = Vec::load_f16(odd_at);
  }
};
template <class Vec>
struct PairedBF16 {
  static constexpr bool kPaired = true;
  static void load(const std::byte* at, const std::byte*, Vec& even, Vec& odd) {
    using Words = typename Vec::Words;
    const Words pairs = Words::load(at);
    even = Vec::from_bits(pairs << 16);
    odd = Vec::from_bits(pairs & static_cast<int>(0xFFFF0000u));
  }
};
template <class Vec>
struct PairedI8 {
  static constexpr bool kPaired = true;
  static constexpr float magnitude(int code) { return static_cast<float>(code); }
  static void load(const std::byte* at, const std::byte*, Vec& even, Vec& odd) {
    using Words = typename Vec::Words;
    const Words pairs = Words::load_u16(at);
    even = Vec::from_words(shift_right_signed(pairs << 24, 24));
    odd = Vec::from_words(shift_right_signed(pairs << 16, 24));
  }
};
template <class Vec>
struct PairedF8 {
  static constexpr bool kPaired = true;
  static constexpr float magnitude(int code) { return f8_e4m3_to_f32(static_cast<std::uint8_t>(code)); }
  /// Sign, exponent and mantissa where a binary32 has them: the value over 2^120, subnormals included.
  static Vec widen(typename Vec::Words top_byte) {
    return Vec::from_bits(((top_byte >> 4) & 0x07F00000) | (top_byte & static_cast<int>(0x80000000u))) *
           Vec::splat(0x1p120f);
  }
  static void load(const std::byte* at, const std::byte*, Vec& even, Vec& odd) {
    using Words = typename Vec::Words;
    const Words pairs = Words::load_u16(at);
    even = widen(pairs << 24);
    odd = widen((pairs << 16) & static_cast<int>(0xFF000000u));
  }
};

/// 16 numbers of `bytes` each and then nothing.
struct PaddedRow {
  alignas(64) std::byte bytes[64] = {};
  PaddedRow(const std::byte* at, std::size_t count) { std::memcpy(bytes, at, count); }
};

/// Keys of the 16 positions at `slot` of a block; block_tokens is a multiple of 16. While they are read, as
/// many bytes at `ahead` are asked for.
template <class Math, class Source>
void convert_keys(const KvView& kv, const std::byte* head, int slot, float* words, const std::byte* ahead) {
  typename Math::Vec even, odd;
  const auto element = static_cast<long>(kv_element_bytes(kv.dtype));
  const long row = kv.block_tokens * element, pair = 2 * row;
  const std::byte* at = head + slot * element * (Source::kPaired ? 2 : 1);
  int d = 0;
  if constexpr (Math::template kWidensCodes<Source>)
    for (; d + 4 <= kv.head_dim; d += 4, at += 2 * pair) {
      Math::template widen_codes<Source>(at, at + pair, words + d / 2 * kLaneCount,
                                         words + (d / 2 + 1) * kLaneCount);
      __builtin_prefetch(ahead + d * kLaneCount * element, 0, 2);
    }
  for (; d < kv.head_dim; d += 2, at += pair) {
    __builtin_prefetch(ahead + d * kLaneCount * element, 0, 2);
    const bool whole = d + 1 < kv.head_dim;
    Source::load(at, whole ? at + row : at, even, odd);
    if (!whole) odd = Math::Vec::zero();
    Math::store_pair(even, odd, words + d / Math::kPair * kLaneCount, kLaneCount);
  }
  __builtin_prefetch(ahead + kv.head_dim * kLaneCount * element, 0, 2);  // scales
}

/// Where words of values go: word `dim` of row `row` at (dim / width) * panel + row * width + dim % width.
struct ValuePanels {
  float* words;
  long width, panel;
  float* at(long row, long dim) const { return words + dim / width * panel + row * width + dim % width; }
};

/// Values of `count` <= 16 positions at `slot` to rows `row`, row + 1, ...; the others are left as they are.
template <class Math, class Source>
void convert_values(const KvView& kv, const std::byte* head, int slot, int count, const ValuePanels& out,
                    long row, const std::byte* ahead) {
  typename Math::Vec even, odd;
  const auto element = static_cast<long>(kv_element_bytes(kv.dtype));
  const long position = kv.head_dim * element, step = element * (Source::kPaired ? 2 : 1);
  const long second = Source::kPaired ? 0 : position;
  for (int i = 0; i < count; i += 2) {
    const std::byte* at = head + (slot + i) * position;
    const long out_row = row + i / Math::kPair;
    int d = 0;
    if constexpr (Math::template kWidensCodes<Source>)
      for (; i + 1 < count && d + 2 * kLaneCount <= kv.head_dim; d += 2 * kLaneCount) {
        Math::template widen_codes<Source>(at + d * step, at + (d + kLaneCount) * step, out.at(out_row, d),
                                           out.at(out_row, d + kLaneCount));
        __builtin_prefetch(ahead + i * position + d * step, 0, 2);
      }
    for (; d < kv.head_dim; d += kLaneCount) {
      __builtin_prefetch(ahead + i * position + 2 * d * element, 0, 2);
      if (d + kLaneCount <= kv.head_dim) {
        Source::load(at + d * step, at + d * step + second, even, odd);
      } else {
        const auto bytes = static_cast<std::size_t>((kv.head_dim - d) * step);
        const PaddedRow first_row(at + d * step, bytes), second_row(at + d * step + second, bytes);
        Source::load(first_row.bytes, second_row.bytes, even, odd);
      }
      if (i + 1 == count) odd = Math::Vec::zero();
      Math::store_pair(even, odd, out.at(out_row, d), out.width);
    }
  }
  __builtin_prefetch(ahead + count * position, 0, 2);  // scales
}

/// The same where the words are in place already, for 16 positions of whole vectors.
template <class Vec>
void copy_values(const float* from, long dims, int rows, const ValuePanels& out, long row) {
  for (int i = 0; i < rows; ++i, from += dims)
    for (long d = 0; d < dims; d += kLaneCount) Vec::load(from + d).store(out.at(row + i, d));
}

/// Calls f with the way to read `dtype`.
template <class Vec, class F>
inline __attribute__((always_inline)) void with_source(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kF32:
      return f(PlainF32<Vec>{});
    case DType::kF16:
      return f(PlainF16<Vec>{});
    case DType::kBF16:
      return f(PairedBF16<Vec>{});
    case DType::kI8:
      return f(PairedI8<Vec>{});
    default:
      return f(PairedF8<Vec>{});
  }
}

/// Where one KV head of one sequence lies, and what is made of it.
template <class Math>
struct KvHead {
  using Vec = typename Math::Vec;
  static constexpr int kGroupRows = kLaneCount / Math::kPair;  // of values

  const KvView& kv;
  const std::uint32_t* table;
  int kv_head;
  long dims;      // head_dim, rounded up to 16
  bool once;      // few rows read: memory is the limit
  bool copies;    // values that many rows read, into panels
  float* packed;  // [packed_words()]: keys of a span first, then values

  static int steps(int head_dim) { return (head_dim + Math::kPair - 1) / Math::kPair; }
  static long key_words(int head_dim) { return static_cast<long>(head_dim + 1) * kLaneCount; }
  static long packed_words(int head_dim, long dims) {
    const long keys = key_words(head_dim), values = dims * kLaneCount;
    return kSpanGroups * (keys > values ? keys : values);
  }
  bool aligned() const { return kv.block_tokens % kLaneCount == 0; }
  bool keys_in_place() const { return aligned() && Math::reads_in_place(kv.dtype); }
  bool values_in_place() const { return keys_in_place() && dims == kv.head_dim; }

  /// The words between two rows of a group's keys.
  long key_step() const { return keys_in_place() ? kv.block_tokens : long{kLaneCount}; }
  /// Dimensions side by side in a row of values: all of them, or a panel's.
  long value_width() const {
    return once || !copies || dims % (Vec::kTilePanels * kLaneCount) != 0
               ? dims
               : long{Vec::kTilePanels} * kLaneCount;
  }
  ValuePanels panels() const { return {packed, value_width(), kSpanGroups * kGroupRows * value_width()}; }

  /// Where the group that begins at position `first` can be read in place.
  const float* keys_at(int first) const {
    return reinterpret_cast<const float*>(key_head(kv, table, kv_head, first)) + first % kv.block_tokens;
  }
  const float* values_at(int first) const {
    return reinterpret_cast<const float*>(value_head(kv, table, kv_head, first)) +
           first % kv.block_tokens / Math::kPair * dims;
  }
  /// The bytes of the same, to be asked for ahead of their use. Of keys the first rows, if blocks are larger.
  const std::byte* key_bytes_at(int first) const {
    return aligned() ? key_head(kv, table, kv_head, first) +
                           first % kv.block_tokens * static_cast<long>(kv_element_bytes(kv.dtype)) *
                               (is_kv_paired(kv.dtype) ? 2 : 1)
                     : nullptr;
  }
  const std::byte* value_bytes_at(int first) const {
    return aligned()
               ? value_head(kv, table, kv_head, first) +
                     first % kv.block_tokens * kv.head_dim * static_cast<long>(kv_element_bytes(kv.dtype))
               : nullptr;
  }
  const float* keys(int g, int first, int count, const std::byte* ahead) const;
  const float* values(int g, int first, int count, const std::byte* ahead) const;
  float* gather(int first, int count, bool is_key) const;
  void scales(int first, int count, float* key_scales, float* value_scales) const;
};

/// Keys of positions [first, first + count), the first `count` of 16; other lanes hold anything.
template <class Math>
const float* KvHead<Math>::keys(int g, int first, int count, const std::byte* ahead) const {
  float* words = packed + g * key_words(kv.head_dim);
  if (!aligned()) {
    const float* numbers = gather(first, count, true);
    for (int d = 0; d < kv.head_dim; d += 2)
      Math::store_pair(Vec::load(numbers + d * kLaneCount), Vec::load(numbers + (d + 1) * kLaneCount),
                       words + d / Math::kPair * kLaneCount, kLaneCount);
    return words;
  }
  const std::byte* head = key_head(kv, table, kv_head, first);
  const int slot = first % kv.block_tokens;
  if (keys_in_place()) return keys_at(first);
  with_source<Vec>(kv.dtype,
                   [&](auto source) { convert_keys<Math, decltype(source)>(kv, head, slot, words, ahead); });
  return words;
}

/// Values of the same; those behind `count` are 0. The first panel's rows.
template <class Math>
const float* KvHead<Math>::values(int g, int first, int count, const std::byte* ahead) const {
  const ValuePanels out = panels();
  const long row = long{g} * kGroupRows;
  if (aligned()) {
    const std::byte* head = value_head(kv, table, kv_head, first);
    const int slot = first % kv.block_tokens;
    if (values_in_place() && count == kLaneCount) {
      const float* words = values_at(first);
      if (value_width() == dims) return words;
      copy_values<Vec>(words, dims, kGroupRows, out, row);
      return out.at(row, 0);
    }
    with_source<Vec>(kv.dtype, [&](auto source) {
      convert_values<Math, decltype(source)>(kv, head, slot, count, out, row, ahead);
    });
  } else {
    const float* numbers = gather(first, count, false);
    for (int i = 0; i < count; i += 2)
      for (long d = 0; d < dims; d += kLaneCount)
        Math::store_pair(Vec::load(numbers + i * dims + d), Vec::load(numbers + (i + 1) * dims + d),
                         out.at(row + i / Math::kPair, d), out.width);
  }
  for (int i = (count + Math::kPair - 1) / Math::kPair; i < kGroupRows; ++i)
    for (long d = 0; d < dims; d += kLaneCount) Vec::zero().store(out.at(row + i, d));
  return out.at(row, 0);
}

/// Blocks that are no multiple of 16 positions: number by number, [dim][position] or [position][dim].
template <class Math>
float* KvHead<Math>::gather(int first, int count, bool is_key) const {
  const KvRun run{kv, table, kv_head, first, count};
  const long rows = is_key ? (kv.head_dim + 1) / 2 * 2 : kLaneCount, width = is_key ? kLaneCount : dims;
  const auto bytes = static_cast<std::size_t>(rows * width) * sizeof(float);
  auto* numbers = reinterpret_cast<float*>(thread_scratch(ScratchUse::kGather, bytes));
  std::memset(numbers, 0, bytes);
  if (is_key) {
    gather_keys(run, numbers, kLaneCount, 1);
  } else {
    gather_values(run, numbers, 1, static_cast<int>(dims));
  }
  return numbers;
}

/// Of positions [first, first + count) of 16.
template <class Math>
void KvHead<Math>::scales(int first, int count, float* key_scales, float* value_scales) const {
  if (!aligned()) return gather_scales({kv, table, kv_head, first, count}, key_scales, value_scales);
  const auto bytes = static_cast<std::size_t>(count) * sizeof(float);
  std::memcpy(key_scales, key_scale_address(kv, table, kv_head, first), bytes);
  std::memcpy(value_scales, value_scale_address(kv, table, kv_head, first), bytes);
}

}  // namespace loci::kernels
