// The IQ types below four bits: a code names a point of a fixed grid of magnitudes, signs come apart. 256
// elements of a row a block, scales for 16 or 32 of them under the block's binary16 scale. Layouts of ggml
// (block_iq1_s to block_iq3_s), bit for bit; all products are exact in binary32. Read only: nothing here
// searches the grids for the best codes.
//
//            element                                        grid point         bits an element
//   IQ1_S    scale * (2 s + 1) * (-1, 0, 1 +- 1/8)           8 of 2048          1.5625
//   IQ1_M    the same with scales and shifts for 16 and 8    8 of 2048          1.75
//   IQ2_XXS  +- scale * (s + 1/2) / 4 * (8, 25, 43)          8 of 256           2.0625
//   IQ2_XS   the same with scales for 16                     8 of 512           2.3125
//   IQ2_S    the same with scales for 16 and all signs       8 of 1024          2.5625
//   IQ3_XXS  +- scale * (s + 1/2) / 2 * (4, 12, .. 62)       4 of 256           3.0625
//   IQ3_S    +- scale * (2 s + 1) * (1, 3, .. 15)            4 of 512           3.4375
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace loci {

struct BlockIQ1_S {
  static constexpr int kElements = 256;
  std::uint16_t scale;
  std::array<std::uint8_t, 32> codes;  // of eight elements each, lower eight bits
  std::array<std::uint16_t, 8>
      high;  // of 32: upper three bits of four codes, s of three bits, sign of the shift
};
static_assert(sizeof(BlockIQ1_S) == 50);

struct BlockIQ1_M {
  static constexpr int kElements = 256;
  std::array<std::uint8_t, 32> codes;
  std::array<std::uint8_t, 16> high;    // of eight elements in a half: upper three bits, sign of the shift
  std::array<std::uint16_t, 4> scales;  // four s of three bits each; on top a quarter of the block's scale
};
static_assert(sizeof(BlockIQ1_M) == 56);

struct BlockIQ2_XXS {
  static constexpr int kElements = 256;
  std::uint16_t scale;
  std::array<std::uint16_t, 32>
      codes;  // of 32 elements: four codes of eight bits, four signs of seven, s of four
};
static_assert(sizeof(BlockIQ2_XXS) == 66);

struct BlockIQ2_XS {
  static constexpr int kElements = 256;
  std::uint16_t scale;
  std::array<std::uint16_t, 32> codes;  // of eight elements: nine bits of code, seven of signs
  std::array<std::uint8_t, 8> scales;   // halves: s of 16 elements
};
static_assert(sizeof(BlockIQ2_XS) == 74);

struct BlockIQ2_S {
  static constexpr int kElements = 256;
  std::uint16_t scale;
  std::array<std::uint8_t, 32> codes, signs;  // of eight elements
  std::array<std::uint8_t, 8> high;           // upper two bits of four codes
  std::array<std::uint8_t, 8> scales;         // halves: s of 16 elements
};
static_assert(sizeof(BlockIQ2_S) == 82);

struct BlockIQ3_XXS {
  static constexpr int kElements = 256;
  std::uint16_t scale;
  std::array<std::uint8_t, 64> codes;    // of four elements
  std::array<std::uint16_t, 16> scales;  // of 32: words of four signs of seven bits, s of four
};
static_assert(sizeof(BlockIQ3_XXS) == 98);

struct BlockIQ3_S {
  static constexpr int kElements = 256;
  std::uint16_t scale;
  std::array<std::uint8_t, 64> codes;  // of four elements, lower eight bits
  std::array<std::uint8_t, 8> high;    // upper bit of eight codes
  std::array<std::uint8_t, 32> signs;  // of eight elements
  std::array<std::uint8_t, 4> scales;  // halves: s of 32 elements
};
static_assert(sizeof(BlockIQ3_S) == 110);

/// `out` receives 256 floats.
void dequantize_block(const BlockIQ1_S& block, float* out);
void dequantize_block(const BlockIQ1_M& block, float* out);
void dequantize_block(const BlockIQ2_XXS& block, float* out);
void dequantize_block(const BlockIQ2_XS& block, float* out);
void dequantize_block(const BlockIQ2_S& block, float* out);
void dequantize_block(const BlockIQ3_XXS& block, float* out);
void dequantize_block(const BlockIQ3_S& block, float* out);

}  // namespace loci
