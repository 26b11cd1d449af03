#include "cli/kernel_cases/weight_copies.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "tensor/random/random_weights.h"

namespace loci::cli {
namespace {

constexpr std::size_t kRandomPanels = 4;

/// Packed panels of random rows; of the last rows of a small matrix none, as packing pads it.
std::vector<std::byte> random_panels(const kernels::PackedMatrix& matrix, std::size_t panels) {
  const auto columns = static_cast<std::size_t>(matrix.columns);
  const RandomWeights weights(matrix.dtype, 1 / std::sqrt(static_cast<double>(columns)), 1);
  const std::size_t row_size = row_bytes(matrix.dtype, columns), rows = kernels::kPanelRows;
  std::vector<std::byte> stored(rows * row_size), packed(panels * matrix.panel_bytes());
  for (std::size_t p = 0; p < panels; ++p) {
    std::array<const std::byte*, kernels::kPanelRows> sources{};
    for (std::size_t lane = 0; lane < rows; ++lane) {
      if (p * rows + lane >= static_cast<std::size_t>(matrix.rows)) continue;
      weights.fill_row(1, p * rows + lane, columns, &stored[lane * row_size]);
      sources[lane] = &stored[lane * row_size];
    }
    kernels::pack_panel(matrix.dtype, matrix.columns, sources, &packed[p * matrix.panel_bytes()]);
  }
  return packed;
}

}  // namespace

Result<WeightCopies> WeightCopies::make(DType dtype, int rows, int columns, std::size_t bytes,
                                        WorkerPool& pool) {
  WeightCopies copies;
  copies.matrix_ = {.dtype = dtype, .rows = rows, .columns = columns, .data = nullptr};
  copies.matrix_bytes_ = kernels::packed_bytes(dtype, rows, columns);
  copies.copies_ = std::max<std::size_t>(1, bytes / copies.matrix_bytes_);
  LOCI_TRY(copies.arena_, Arena::allocate(copies.copies_ * copies.matrix_bytes_));
  const auto panels = static_cast<std::size_t>(copies.matrix_.panels());
  const std::size_t panel_bytes = copies.matrix_.panel_bytes(), made = std::min(panels, kRandomPanels);
  const std::vector<std::byte> random = random_panels(copies.matrix_, made);
  std::byte* data = copies.arena_.bytes().data();
  pool.for_each_chunk(static_cast<int>(panels * copies.copies_), 16, [&](int begin, int end) {
    for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p)
      std::memcpy(data + p * panel_bytes, &random[p % panels % made * panel_bytes], panel_bytes);
  });
  return copies;
}

kernels::PackedMatrix WeightCopies::next() {
  kernels::PackedMatrix matrix = matrix_;
  matrix.data = arena_.bytes().data() + used_ * matrix_bytes_;
  used_ = (used_ + 1) % copies_;
  return matrix;
}

}  // namespace loci::cli
