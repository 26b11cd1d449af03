#include "tensor/formats/format.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <vector>

#include "tensor/formats/convert.h"
#include "tensor/formats/half.h"
#include "tensor/formats/q4_0.h"
#include "tensor/formats/q8_0.h"

namespace loci {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The value of a finite binary16 by its definition.
double f16_value(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1F, mantissa = half & 0x3FF;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryF16WidensExactlyAndComesBack) {
  for (unsigned i = 0; i < 65536; ++i) {
    const auto half = static_cast<std::uint16_t>(i);
    const float wide = f16_to_f32(half);
    if ((half & 0x7C00) == 0x7C00 && (half & 0x3FF) != 0) {
      EXPECT_TRUE(std::isnan(wide));
      EXPECT_EQ(f32_to_f16(wide), half | 0x200);
      continue;
    }
    if ((half & 0x7C00) == 0x7C00)
      EXPECT_EQ(wide, half & 0x8000 ? -kInfinity : kInfinity);
    else
      EXPECT_EQ(static_cast<double>(wide), f16_value(half));
    EXPECT_EQ(f32_to_f16(wide), half);
  }
}

TEST(Half, F16RoundsToNearestEven) {
  for (unsigned i = 0; i < 0x7BFF; ++i) {  // between each pair of neighbours, subnormals too
    const auto below = static_cast<std::uint16_t>(i), above = static_cast<std::uint16_t>(i + 1);
    const float middle = static_cast<float>((f16_value(below) + f16_value(above)) / 2);
    EXPECT_EQ(f32_to_f16(middle), i % 2 == 0 ? below : above);
    EXPECT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), below);
    EXPECT_EQ(f32_to_f16(std::nextafter(-middle, -kInfinity)), above | 0x8000);
  }
  EXPECT_EQ(f32_to_f16(65519.99f), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(-1e30f), 0xFC00);
  EXPECT_EQ(f32_to_f16(1e-40f), 0);
}

TEST(Half, Bf16) {
  for (unsigned i = 0; i < 65536; ++i) {
    const auto half = static_cast<std::uint16_t>(i);
    const float wide = bf16_to_f32(half);
    EXPECT_EQ(f32_to_bf16(wide), std::isnan(wide) ? half | 0x40 : half);
  }
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3F808000u)), 0x3F80);  // a tie goes to the even neighbour
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3F818000u)), 0x3F82);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3F808001u)), 0x3F81);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7F800001u)))));
}

TEST(Formats, NamesAndSizes) {
  EXPECT_EQ(dtype_from_name("q8_0"), DType::kQ8_0);
  EXPECT_EQ(dtype_from_name("bf16"), DType::kBF16);
  EXPECT_EQ(dtype_from_name("Q8"), std::nullopt);
  EXPECT_EQ(dtype_from_name(""), std::nullopt);
  EXPECT_EQ(row_bytes(DType::kQ4_0, 64), 36u);
  EXPECT_EQ(row_bytes(DType::kF16, 3), 6u);
  for (const Format& format : formats()) {
    EXPECT_EQ(dtype_from_name(format.traits.name), format.dtype);
    const auto ggml_type = format.ggml_type;
    EXPECT_TRUE(!ggml_type || dtype_from_ggml_type(*ggml_type) == format.dtype);
  }
}

/// 32 values whose blocks were also made with the Python package gguf 0.19, the second implementation of
/// ggml's rounding.
std::vector<float> sample_row() {
  std::vector<float> row(32);
  for (int i = 0; i < 32; ++i)
    row[static_cast<std::size_t>(i)] =
        static_cast<float>((i * 37 + 11) % 64 - 29) * 0.0625f * static_cast<float>(1 + i % 3);
  return row;
}

std::vector<int> quantized(DType dtype, const std::vector<float>& row) {
  std::vector<std::byte> bytes(row_bytes(dtype, row.size()));
  quantize_row(dtype, row.data(), row.size(), bytes.data());
  std::vector<int> numbers;
  for (const std::byte b : bytes) numbers.push_back(std::to_integer<int>(b));
  return numbers;
}

TEST(Formats, Q8_0AgreesWithGgml) {
  EXPECT_EQ(quantized(DType::kQ8_0, sample_row()),
            (std::vector<int>{0xDC, 0x29, 0xE7, 0x34, 0xDF, 0x28, 0x05, 0x9A, 0x10, 0xD7, 0x5A, 0xF9,
                              0x57, 0x14, 0xE2, 0x29, 0xCF, 0x22, 0xFB, 0x89, 0x0B, 0xCC, 0x4A, 0xF4,
                              0x4C, 0x04, 0xDC, 0x1E, 0xBE, 0x1D, 0xF0, 0x7F, 0x05, 0xC1}));
}

TEST(Formats, Q4_0AgreesWithGgml) {
  EXPECT_EQ(quantized(DType::kQ4_0, sample_row()),
            (std::vector<int>{0xD0, 0xB9, 0x8A, 0xF5, 0x7A, 0xB6, 0x38, 0x9E, 0x37, 0x8B, 0xA2, 0x68, 0xC2,
                              0x67, 0x9A, 0x05, 0x8B, 0xC6}));
}

TEST(Formats, Q8_0ByHand) {
  std::vector<float> row(32, 0.0f);
  row[0] = -127.0f;  // scale 1: values are rounded as they are, halves away from zero
  row[1] = 0.5f;
  row[2] = -2.5f;
  row[3] = 1.49f;
  const BlockQ8_0 block = quantize_block_q8_0(row.data());
  EXPECT_EQ(block.scale, 0x3C00);
  EXPECT_EQ(block.values[0], -127);
  EXPECT_EQ(block.values[1], 1);
  EXPECT_EQ(block.values[2], -3);
  EXPECT_EQ(block.values[3], 1);
}

TEST(Formats, Q4_0ByHand) {
  std::vector<float> row(32, 0.0f);
  row[0] = -8.0f;  // the extreme: code 0, scale 1
  row[1] = 7.0f;   // code 15
  row[16] = 8.0f;  // would be 16: held at 15
  row[17] = -0.5f;
  const BlockQ4_0 block = quantize_block_q4_0(row.data());
  EXPECT_EQ(block.scale, 0x3C00);
  EXPECT_EQ(block.codes[0], 0xF0);
  EXPECT_EQ(block.codes[1], 0x8F);
  std::vector<float> back(32);
  dequantize_block(block, back.data());
  EXPECT_EQ(back[0], -8.0f);
  EXPECT_EQ(back[1], 7.0f);
  EXPECT_EQ(back[16], 7.0f);
  EXPECT_EQ(back[17], 0.0f);
}

TEST(Formats, RowsAtOddAddressesComeBackWithinAStep) {
  std::vector<float> row(768);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::sin(static_cast<float>(i) * 0.7f);
  for (const Format& format : formats()) {
    if (!can_quantize(format.dtype)) continue;
    std::vector<std::byte> stored(row_bytes(format.dtype, row.size()) + 1);
    std::vector<float> back(row.size());
    quantize_row(format.dtype, row.data(), row.size(), stored.data() + 1);
    dequantize_row(format.dtype, stored.data() + 1, row.size(), back.data());
    const std::string_view name = format.traits.name;  // "Q4_K", "IQ4_NL": the codes' bits are the digit
    const bool plain = format.traits.block_elements == 1;
    const double bits = plain ? 8 : name[name.find_first_of("0123456789")] - '0';
    const double step = 2.05 / (std::exp2(bits) - 1);  // codes over [-1, 1], their scales rounded
    for (std::size_t i = 0; i < row.size(); ++i) EXPECT_NEAR(back[i], row[i], step) << format.traits.name;
  }
}

TEST(Formats, NonFiniteInputIsDefined) {
  for (const float odd : {kNan, kInfinity, -kInfinity, 1e-44f, 3e38f}) {
    std::vector<float> row(256, 0.25f), back(256);
    row[5] = odd;
    for (const Format& format : formats()) {
      if (!can_quantize(format.dtype)) continue;
      std::vector<std::byte> stored(row_bytes(format.dtype, row.size()));
      quantize_row(format.dtype, row.data(), row.size(), stored.data());
      dequantize_row(format.dtype, stored.data(), row.size(), back.data());
    }
  }
  const std::vector<float> zeros(32, 0.0f);
  EXPECT_EQ(quantized(DType::kQ8_0, zeros), std::vector<int>(34, 0));
}

}  // namespace
}  // namespace loci
