// What ldmatrix and mma do, in plain C++. A fragment's place in its matrix is that of the PTX manual ("Matrix
// fragments for mma.m16n8k16", ".m16n8k32"): lane = 4 * group + member.
//
// The sums of mma: exact products are added in binary64 and rounded to binary32 once. A tensor core adds them
// in an order and with an alignment of its own, which NVIDIA does not state: results differ by roundings.
#pragma once

#include <array>
#include <bit>

#include "kernels/cuda/emulation/device.h"

namespace loci::kernels::cuda {
namespace emulation {

template <class Sum>
struct Fragments {
  std::uint32_t a[4], b[2];
  Sum c[4];
};

/// Executes `combine(row, column, fragments of all lanes)` for the four sums of the lane.
template <class Sum, class Combine>
void multiply_together(const char* instruction, Sum (&sums)[4], const std::uint32_t (&a)[4],
                       const std::uint32_t (&b)[2], Where where, Combine combine) {
  Fragments<Sum> own;
  std::copy(a, a + 4, own.a);
  std::copy(b, b + 2, own.b);
  std::copy(sums, sums + 4, own.c);
  Block& block = Block::current();
  Meeting& meeting = block.meet(instruction, 0xFFFFFFFFu, &own, sizeof own, where);
  std::array<Fragments<Sum>, 32> lanes;
  for (std::size_t i = 0; i < 32; ++i) std::memcpy(&lanes[i], meeting.brought[i].data(), sizeof own);
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + 8 * (i / 2), column = lane() % 4 * 2 + i % 2;
    sums[i] = combine(row, column, own.c[i], lanes);
  }
  block.leave(meeting);
}

inline double bf16_at(std::uint32_t word, int half) {
  return double{std::bit_cast<float>((half == 0 ? word << 16 : word & 0xFFFF0000u))};
}
inline int byte_at(std::uint32_t word, int i) {
  return static_cast<std::int8_t>(word >> 8 * i);
}

}  // namespace emulation

/// sums += A B, A [16][16] and B [16][8] of BF16, sums [16][8].
inline void mma_bf16(float (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                     emulation::Where where = emulation::Where::current()) {
  emulation::multiply_together("mma.m16n8k16", sums, a, b, where,
                               [](int row, int column, float sum, const auto& lanes) {
                                 double exact = double{sum};
                                 for (int k = 0; k < 16; ++k) {
                                   const auto in_a = static_cast<std::size_t>(row % 8 * 4 + k % 8 / 2);
                                   const auto in_b = static_cast<std::size_t>(column * 4 + k % 8 / 2);
                                   exact += emulation::bf16_at(lanes[in_a].a[row / 8 + 2 * (k / 8)], k % 2) *
                                            emulation::bf16_at(lanes[in_b].b[k / 8], k % 2);
                                 }
                                 return static_cast<float>(exact);
                               });
}

/// The same of bytes: A [16][32], B [32][8], exact in 32 bits.
inline void mma_int8(std::int32_t (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                     emulation::Where where = emulation::Where::current()) {
  emulation::multiply_together("mma.m16n8k32", sums, a, b, where,
                               [](int row, int column, std::int32_t sum, const auto& lanes) {
                                 for (int k = 0; k < 32; ++k) {
                                   const auto in_a = static_cast<std::size_t>(row % 8 * 4 + k % 16 / 4);
                                   const auto in_b = static_cast<std::size_t>(column * 4 + k % 16 / 4);
                                   sum += emulation::byte_at(lanes[in_a].a[row / 8 + 2 * (k / 16)], k % 4) *
                                          emulation::byte_at(lanes[in_b].b[k / 16], k % 4);
                                 }
                                 return sum;
                               });
}

/// Four matrices [8][8] of 16 bits. Lane 8 m + r brings the place of row r of matrix m, 16 bytes; the lane
/// gets of each matrix the two numbers of row lane / 4 from column 2 (lane % 4) on.
template <class T>
void ldmatrix_x4(std::uint32_t (&words)[4], const Shared<T>& shared, std::ptrdiff_t row,
                 emulation::Where where = emulation::Where::current()) {
  const uint4 own = shared.template load<uint4>(row);
  emulation::Block& block = emulation::Block::current();
  emulation::Meeting& meeting = block.meet("ldmatrix", 0xFFFFFFFFu, &own, sizeof own, where);
  for (std::size_t m = 0; m < 4; ++m) {
    const auto from = 8 * m + static_cast<std::size_t>(emulation::lane() / 4);
    std::memcpy(&words[m], meeting.brought[from].data() + 4 * (emulation::lane() % 4), sizeof words[m]);
  }
  block.leave(meeting);
}

}  // namespace loci::kernels::cuda
