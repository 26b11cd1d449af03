// Rows that become columns, a square in registers at a time. Internal linkage (static): translation units of
// several ISAs include this, and the linker must not pick one's copy for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace loci::kernels {

/// 16 bytes, taken as units.
template <class Unit>
using Units [[gnu::vector_size(16)]] = Unit;

/// The lower (kFrom = 0) or the upper halves of two vectors, a unit of each in turn.
template <int kFrom, class Unit>
[[gnu::always_inline]] static inline Units<Unit> zip(Units<Unit> a, Units<Unit> b) {
  constexpr int kCount = 16 / sizeof(Unit);
  return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, (kFrom * kCount / 2 + i / 2 + i % 2 * kCount)...);
  }(std::make_integer_sequence<int, kCount>());
}

/// 16 bytes of each of kCount = 16 / sizeof(Unit) rows, row(i), become kCount columns of kCount units: column
/// i is 16 bytes at out + i * stride. A transposition by zipping the upper half of the rows into the lower
/// log2(kCount) times.
template <class Unit, class Row>
[[gnu::always_inline]] static inline void turn_square(Row row, std::byte* out, std::size_t stride) {
  constexpr std::size_t kCount = 16 / sizeof(Unit);
  Units<Unit> square[kCount], zipped[kCount];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kCount; ++i) std::memcpy(&square[i], row(i), 16);
#pragma GCC unroll 4
  for (std::size_t round = 1; round < kCount; round *= 2) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kCount / 2; ++i) {
      zipped[2 * i] = zip<0, Unit>(square[i], square[i + kCount / 2]);
      zipped[2 * i + 1] = zip<1, Unit>(square[i], square[i + kCount / 2]);
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kCount; ++i) square[i] = zipped[i];
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kCount; ++i) std::memcpy(out + i * stride, &square[i], 16);
}

}  // namespace loci::kernels
