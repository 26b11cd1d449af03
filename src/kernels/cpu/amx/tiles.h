// The tile registers of AMX (Intel SDM volume 1, chapter 18): eight of up to 16 rows of 64 bytes. Written as
// assembly, because GCC 12's intrinsics take the register's number as a token, not as a constant, and do not
// say that a load reads memory: stores to it could be moved behind.
#pragma once

#include <cstdint>
#include <utility>

namespace loci::kernels::amx {

inline constexpr int kTileRows = 16;
inline constexpr int kTileBytes = 64;  // of a row

/// The shape of each register, as ldtilecfg reads it.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  constexpr void set(int tile, int row_count, int bytes) {
    rows[tile] = static_cast<std::uint8_t>(row_count);
    row_bytes[tile] = static_cast<std::uint16_t>(bytes);
  }
};

/// Tiles of these shapes, all zero, for the calling thread as long as this lives. Tiles in use cost every
/// switch of threads 8 KB, so it should not live long; to begin and to end take some 50 ns.
class TileSession {
 public:
  explicit TileSession(const TileShapes& shapes) { asm volatile("ldtilecfg %0" : : "m"(shapes)); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;
  ~TileSession() { asm volatile("tilerelease"); }
};

/// Calls f(std::integral_constant i) for 0 <= i < kCount: the numbers of registers are constants.
template <int kCount, class F>
inline __attribute__((always_inline)) void unrolled(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, i>{}), ...);
  }(std::make_integer_sequence<int, kCount>());
}

template <int kTile>
inline __attribute__((always_inline)) void load_tile(const void* at, long stride = kTileBytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(at), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
inline __attribute__((always_inline)) void store_tile(void* at, long stride = kTileBytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(at), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
inline __attribute__((always_inline)) void zero_tile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

/// sums[m][n] += the products of signed bytes a[m][k] b[k / 4][4 n + k % 4], in int32.
template <int kSums, int kA, int kB>
inline __attribute__((always_inline)) void dot_bytes() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kA), "i"(kB));
}
/// The same of unsigned bytes b.
template <int kSums, int kA, int kB>
inline __attribute__((always_inline)) void dot_bytes_unsigned() {
  asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kA), "i"(kB));
}
/// The same of BF16 numbers a[m][k] b[k / 2][2 n + k % 2], in float32: see MatmulArgs for the order.
template <int kSums, int kA, int kB>
inline __attribute__((always_inline)) void dot_bf16() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kA), "i"(kB));
}

}  // namespace loci::kernels::amx
