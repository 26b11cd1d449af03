// The floors are sums that can be done by hand; what is measured is only known to be possible.
#include "kernels/roofline.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace loci::kernels {
namespace {

Roofline machine() {
  return {.threads = 2,
          .read_bytes_per_second = 50e9,
          .peaks = {{Operands::kFloat32, Isa::kAvx2, "avx2", "vfmadd", 200e9},
                    {Operands::kFloat32, Isa::kAvx512, "avx512", "vfmadd", 400e9},
                    {Operands::kBFloat16, Isa::kAvx512, "avx512_bf16", "vdpbf16ps", 300e9},
                    {Operands::kInt8, Isa::kAvx512, "avx512_vnni", "vpdpbusd", 1600e9}}};
}

TEST(Roofline, PeakIsTheBestThatTheIsaMayUse) {
  EXPECT_EQ(machine().peak(Operands::kFloat32, Isa::kAvx2), 200e9);
  EXPECT_EQ(machine().peak(Operands::kFloat32, Isa::kAvx512), 400e9);
  EXPECT_EQ(machine().peak(Operands::kInt8, Isa::kAvx512), 1600e9);
  EXPECT_EQ(machine().peak(Operands::kInt8, Isa::kAvx2), 200e9) << "widened to float32";
  EXPECT_EQ(machine().peak(Operands::kBFloat16, Isa::kAvx512), 400e9) << "float32 is quicker";
  EXPECT_EQ(machine().peak(Operands::kFloat32, Isa::kReference), 0);
}

TEST(Roofline, FloorIsTheLongerOfComputingAndReading) {
  const Work reading{.operations = 1e9, .bytes = 1e9, .operands = Operands::kInt8};
  EXPECT_DOUBLE_EQ(floor_seconds(reading, machine(), Isa::kAvx512), 1e9 / 50e9);
  const Work computing{.operations = 1e12, .bytes = 1e9, .operands = Operands::kInt8};
  EXPECT_DOUBLE_EQ(floor_seconds(computing, machine(), Isa::kAvx512), 1e12 / 1600e9);
  EXPECT_DOUBLE_EQ(floor_seconds(computing, machine(), Isa::kReference), 1e9 / 50e9) << "no peak, no limit";
  EXPECT_EQ(floor_seconds(computing, Roofline{}, Isa::kAvx512), 0);
}

TEST(Roofline, OperandsOfTheWeightTypes) {
  EXPECT_EQ(operands_for(DType::kF32), Operands::kFloat32);
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kFp8})
    EXPECT_EQ(operands_for(dtype), Operands::kBFloat16);
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_K, DType::kIQ2_XS, DType::kInt4, DType::kInt8})
    EXPECT_EQ(operands_for(dtype), Operands::kInt8);
}

// Limits in both directions, so wide that no machine is near them: a loop that the compiler removed or
// unrolled away would be outside.
TEST(Roofline, WhatIsMeasuredIsPossible) {
  WorkerPool pool(2);
  const auto roofline = measure_roofline(pool, {.seconds = 0.002, .read_bytes = std::size_t{32} << 20});
  ASSERT_TRUE(roofline.has_value()) << roofline.error().message;
  EXPECT_EQ(roofline->threads, 2);
  EXPECT_GT(roofline->read_bytes_per_second, 1e6);
  EXPECT_LT(roofline->read_bytes_per_second, 1e13);
  for (const Peak& peak : roofline->peaks) {
    EXPECT_GT(peak.operations_per_second, 1e7) << peak.extension << " " << peak.instruction;
    EXPECT_LT(peak.operations_per_second, 1e14) << peak.extension << " " << peak.instruction;
  }
  for (const Isa isa : kSimdIsas)
    EXPECT_EQ(ops_for(isa) != nullptr,
              roofline->peak(Operands::kFloat32, isa) > 0 &&
                  std::ranges::any_of(roofline->peaks, [isa](const Peak& peak) { return peak.isa == isa; }));
}

TEST(Roofline, BufferThatCannotBeHadIsAnError) {
  WorkerPool pool(1);
  const auto bandwidth = measure_read_bandwidth(pool, {.seconds = 0.001, .read_bytes = std::size_t{1} << 60});
  ASSERT_FALSE(bandwidth.has_value());
  EXPECT_EQ(bandwidth.error().code, ErrorCode::kResourceExhausted);
}

TEST(Roofline, DefaultBufferLeavesMemoryToOthers) {
  EXPECT_GT(default_read_bytes(), 0u);
  EXPECT_LE(default_read_bytes(), std::size_t{4} << 30);
}

}  // namespace
}  // namespace loci::kernels
