#include "tensor/formats/integer_block.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"

namespace loci {
namespace {

// Codes, scales and minima mean what dequantize_row() gives, to the rounding of one addition.
TEST(FormatsIntegerBlocks, AreTheElementsOfTheRow) {
  std::mt19937 random(1);
  int types = 0;
  for (const Format& format : formats()) {
    const IntegerFormat* integers = integer_format(format.dtype);
    if (integers == nullptr) continue;
    ++types;
    const auto elements = static_cast<std::size_t>(format.traits.block_elements) * 8;
    std::vector<std::byte> row(row_bytes(format.dtype, elements));
    std::vector<float> values(elements);
    std::vector<IntegerBlock> blocks(elements / 32);
    for (int round = 0; round < 50; ++round) {
      for (std::byte& byte : row) byte = static_cast<std::byte>(random());
      dequantize_row(format.dtype, row.data(), elements, values.data());
      read_integer_blocks(format.dtype, row.data(), elements, blocks.data());
      for (std::size_t i = 0; i < elements; ++i) {
        const IntegerBlock& block = blocks[i / 32];
        const std::size_t half = i % 32 / 16;
        if (!std::isfinite(values[i])) continue;
        const double product = double{block.scale[half]} * block.codes[i % 32];
        const double exact = product + double{block.minimum[half]};
        ASSERT_NEAR(values[i], exact, 0x1p-23 * std::fabs(exact) + 0x1p-126)
            << format.traits.name << ' ' << i;
        if (!integers->minimum) {
          ASSERT_EQ(block.minimum[half], 0);
        }
        if (!integers->halves && std::isfinite(block.scale[0])) {
          ASSERT_EQ(block.scale[0], block.scale[1]);
        }
      }
    }
  }
  EXPECT_EQ(types, 14);
}

}  // namespace
}  // namespace loci
