#include "kernels/packed_matrix.h"

#include "kernels/test_support.h"

namespace loci::kernels {
namespace {

using testing::OwnedMatrix;
using testing::Random;

TEST(PackedMatrix, UnpacksToWhatTheStoredRowsMean) {
  Random random(1);
  for (const DType dtype : testing::weight_types())
    for (const int rows : {1, 15, 16, 17, 50})
      for (const int blocks : {1, 3}) {
        const int columns = blocks * std::max(traits(dtype).block_elements, 32);
        const OwnedMatrix matrix(dtype, rows, columns, random);
        std::vector<float> row(static_cast<std::size_t>(columns));
        for (int r = 0; r < rows; ++r) {
          unpack_row(matrix.view, r, row.data());
          for (int c = 0; c < columns; ++c) {
            ASSERT_EQ(row[static_cast<std::size_t>(c)], matrix.at(r, c));
          }
        }
      }
}

TEST(PackedMatrix, FloatsHaveAnyNumberOfColumns) {
  Random random(2);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16})
    for (const int columns : {1, 3, 7, 8, 9, 31}) {
      const OwnedMatrix matrix(dtype, 18, columns, random);
      std::vector<float> row(static_cast<std::size_t>(columns));
      for (int r = 0; r < 18; ++r) {
        unpack_row(matrix.view, r, row.data());
        for (int c = 0; c < columns; ++c) ASSERT_EQ(row[static_cast<std::size_t>(c)], matrix.at(r, c));
      }
    }
}

TEST(PackedMatrix, TakesAsManyBytesAsTheStoredRowsOfWholePanels) {
  for (const DType dtype : testing::weight_types()) {
    EXPECT_EQ(packed_bytes(dtype, 32, 256), 32 * row_bytes(dtype, 256));
    EXPECT_EQ(packed_bytes(dtype, 33, 256), 48 * row_bytes(dtype, 256));
    EXPECT_EQ(packed_bytes(dtype, 0, 256), 0u);
  }
}

TEST(PackedMatrix, PaddingRowsAreZeroAndRowsMayBePermuted) {
  const float first[2] = {1, 2}, second[2] = {3, 4};
  const std::byte* sources[kPanelRows] = {};
  sources[0] = std::bit_cast<const std::byte*>(&second[0]);
  sources[5] = std::bit_cast<const std::byte*>(&first[0]);
  std::vector<float> panel(2 * kPanelRows, 99.0f);
  pack_panel(DType::kF32, 2, sources, std::bit_cast<std::byte*>(panel.data()));
  std::vector<float> expected(2 * kPanelRows, 0.0f);
  expected[0] = 3;
  expected[16] = 4;
  expected[5] = 1;
  expected[21] = 2;
  EXPECT_EQ(panel, expected);
}

TEST(PackedMatrix, LayoutOfQ4IsTheDocumentedOne) {
  // One row whose 32 columns hold the codes 0..15, 0..15 under the scale 1: byte j then holds code j twice.
  std::vector<std::byte> row{std::byte{0x00}, std::byte{0x3C}};
  for (int j = 0; j < 16; ++j) row.push_back(static_cast<std::byte>(j | j << 4));
  const std::byte* sources[kPanelRows] = {};
  sources[2] = row.data();
  std::vector<std::byte> panel(packed_bytes(DType::kQ4_0, 16, 32));
  pack_panel(DType::kQ4_0, 32, sources, panel.data());
  EXPECT_EQ(panel[4], std::byte{0x00});
  EXPECT_EQ(panel[5], std::byte{0x3C});
  for (std::size_t j = 0; j < 16; ++j) EXPECT_EQ(panel[32 + (j / 4 * 16 + 2) * 4 + j % 4], row[2 + j]);
}

}  // namespace
}  // namespace loci::kernels
