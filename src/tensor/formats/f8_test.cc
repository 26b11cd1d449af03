#include "tensor/formats/f8.h"

#include <cmath>
#include <gtest/gtest.h>

namespace loci {
namespace {

TEST(F8, EveryCodeSurvivesTheWayToFloatAndBack) {
  for (int code = 0; code < 256; ++code) {
    const auto f8 = static_cast<std::uint8_t>(code);
    if (is_nan_f8_e4m3(f8)) continue;
    EXPECT_EQ(f32_to_f8_e4m3(f8_e4m3_to_f32(f8)), f8) << code;
  }
}

TEST(F8, RoundsToTheNearestAndTiesToEven) {
  for (std::uint8_t code = 0; code < 0x7E; ++code) {
    const float low = f8_e4m3_to_f32(code), high = f8_e4m3_to_f32(static_cast<std::uint8_t>(code + 1));
    const float middle = (low + high) / 2;
    EXPECT_EQ(f32_to_f8_e4m3(std::nextafter(middle, 0.0f)), code);
    EXPECT_EQ(f32_to_f8_e4m3(std::nextafter(middle, 1e9f)), code + 1);
    EXPECT_EQ(f32_to_f8_e4m3(middle), code % 2 == 0 ? code : code + 1);
    EXPECT_EQ(f32_to_f8_e4m3(-middle), 0x80 | (code % 2 == 0 ? code : code + 1));
  }
}

TEST(F8, LargeNumbersBecomeTheLargestAndNanStaysNan) {
  for (const float value : {448.0f, 449.0f, 1e30f, HUGE_VALF}) {
    EXPECT_EQ(f32_to_f8_e4m3(value), 0x7E) << value;
    EXPECT_EQ(f32_to_f8_e4m3(-value), 0xFE) << value;
  }
  EXPECT_TRUE(is_nan_f8_e4m3(f32_to_f8_e4m3(std::nanf(""))));
}

}  // namespace
}  // namespace loci
