// What the tests of the ops share: random data, owned matrices, and the list of implementations to compare.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <span>
#include <vector>

#include "base/worker_pool.h"
#include "kernels/ops.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"
#include "tensor/formats/integer_block.h"

namespace loci::kernels::testing {

/// Every type that a matrix can have.
inline std::vector<DType> weight_types() {
  std::vector<DType> types;
  for (const Format& format : formats())
    if (is_packable(format.dtype)) types.push_back(format.dtype);
  return types;
}
/// Those of them that integer arithmetic knows.
inline std::vector<DType> integer_types() {
  std::vector<DType> types = weight_types();
  std::erase_if(types, [](DType dtype) { return integer_format(dtype) == nullptr; });
  return types;
}
inline constexpr DType kKvTypes[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kI8, DType::kF8_E4M3};

/// The SIMD implementations that this processor can run.
inline std::vector<const OpTable*> simd_tables() {
  std::vector<const OpTable*> tables;
  for (const Isa isa : kSimdIsas)
    if (const OpTable* table = ops_for(isa)) tables.push_back(table);
  return tables;
}

inline const OpTable& reference() {
  return *ops_for(Isa::kReference);
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  int between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<unsigned>(high - low + 1));
  }
  float real(float low, float high) { return low + (high - low) * static_cast<float>(engine_()) * 0x1p-32f; }
  std::vector<float> reals(int count, float low = -1, float high = 1) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = real(low, high);
    return values;
  }

 private:
  std::mt19937 engine_;
};

struct AlignedBytes {
  explicit AlignedBytes(std::size_t count) : size(count), storage(count + 64) {}
  std::byte* data() {
    const auto address = std::bit_cast<std::uintptr_t>(storage.data());
    return storage.data() + (64 - address % 64) % 64;
  }
  std::size_t size;
  std::vector<std::byte> storage;
};

/// Random blocks of a row whose values are finite and not huge. From Q2_K on types get random bytes, which
/// their blocks may all be: no quantizer makes every code and scale that there is.
inline void fill_row(DType dtype, std::size_t columns, Random& random, std::byte* row) {
  if (dtype < DType::kQ2_K)
    return quantize_row(dtype, random.reals(static_cast<int>(columns)).data(), columns, row);
  const auto elements = static_cast<std::size_t>(traits(dtype).block_elements);
  const auto bytes = static_cast<std::size_t>(traits(dtype).block_bytes);
  std::vector<float> values(elements);
  // Not so small either that products become subnormal, which processors compute slowly.
  const auto usable = [](float value) {
    return value == 0 || (std::fabs(value) < 1e6f && std::fabs(value) > 1e-12f);
  };
  for (std::size_t c = 0; c < columns; c += elements, row += bytes) do {
      for (std::size_t i = 0; i < bytes; ++i) row[i] = static_cast<std::byte>(random.between(0, 255));
      if (dtype == DType::kInt4) row[4] = static_cast<std::byte>(random.between(0, 16));  // its zero
      dequantize_row(dtype, row, elements, values.data());
    } while (!std::ranges::all_of(values, usable));
}

/// A packed matrix and the floats that it stands for.
struct OwnedMatrix {
  OwnedMatrix(DType dtype, int rows, int columns, Random& random)
      : bytes(packed_bytes(dtype, rows, columns)), values(static_cast<std::size_t>(rows * columns)) {
    const auto width = static_cast<std::size_t>(columns), stored_width = row_bytes(dtype, width);
    std::vector<std::byte> stored(stored_width * static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
      std::byte* row = stored.data() + static_cast<std::size_t>(r) * stored_width;
      fill_row(dtype, width, random, row);
      dequantize_row(dtype, row, width, values.data() + static_cast<std::size_t>(r) * width);
    }
    view = {.dtype = dtype, .rows = rows, .columns = columns, .data = bytes.data()};
    for (int p = 0; p < view.panels(); ++p) {
      const std::byte* sources[kPanelRows];
      for (int lane = 0; lane < kPanelRows; ++lane) {
        const int r = p * kPanelRows + lane;
        sources[lane] = r < rows ? stored.data() + static_cast<std::size_t>(r) * stored_width : nullptr;
      }
      pack_panel(dtype, columns, sources, bytes.data() + static_cast<std::size_t>(p) * view.panel_bytes());
    }
  }
  OwnedMatrix(const OwnedMatrix&) = delete;
  OwnedMatrix& operator=(const OwnedMatrix&) = delete;

  float at(int row, int column) const {
    return values[static_cast<std::size_t>(row * view.columns + column)];
  }

  AlignedBytes bytes;
  std::vector<float> values;  // [rows][columns]
  PackedMatrix view;
};

/// Rows as bytes. [columns / 32][tokens]
inline std::vector<QuantizedBlock> quantized(const OpTable& ops, WorkerPool& pool, const float* input,
                                             int tokens, int columns,
                                             const std::uint32_t* column_order = nullptr) {
  std::vector<QuantizedBlock> blocks(static_cast<std::size_t>(columns / kQuantizedColumns * tokens));
  ops.quantize({input, tokens, columns, column_order, blocks.data()}, pool);
  return blocks;
}

/// Rows as bytes under one scale each.
struct OwnedScaledRows {
  OwnedScaledRows(int tokens, int columns)
      : blocks(static_cast<std::size_t>((columns + kScaledColumns - 1) / kScaledColumns * tokens)),
        scales(static_cast<std::size_t>(tokens)) {
    if (!blocks.empty())
      std::memset(blocks.data(), 0x5A, blocks.size() * sizeof(ScaledBlock));  // all of it is to be written
  }
  ScaledRows view() { return {blocks.data(), scales.data()}; }

  std::vector<ScaledBlock> blocks;  // [columns / 64][tokens]
  std::vector<RowScale> scales;
};
inline OwnedScaledRows scaled(const OpTable& ops, WorkerPool& pool, const float* input, int tokens,
                              int columns, const std::uint32_t* column_order = nullptr) {
  OwnedScaledRows rows(tokens, columns);
  ops.quantize({input, tokens, columns, column_order, nullptr, rows.view()}, pool);
  return rows;
}
inline bool same_rows(const OwnedScaledRows& a, const OwnedScaledRows& b) {
  if (a.blocks.empty()) return b.blocks.empty();
  return a.blocks.size() == b.blocks.size() && a.scales.size() == b.scales.size() &&
         std::memcmp(a.blocks.data(), b.blocks.data(), a.blocks.size() * sizeof(ScaledBlock)) == 0 &&
         std::memcmp(a.scales.data(), b.scales.data(), a.scales.size() * sizeof(RowScale)) == 0;
}

inline ::testing::AssertionResult same_bits(std::span<const float> actual, std::span<const float> expected) {
  if (actual.size() != expected.size()) return ::testing::AssertionFailure() << "lengths differ";
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (std::bit_cast<std::uint32_t>(actual[i]) != std::bit_cast<std::uint32_t>(expected[i]))
      return ::testing::AssertionFailure()
             << "element " << i << ": " << actual[i] << " instead of " << expected[i];
  return ::testing::AssertionSuccess();
}

}  // namespace loci::kernels::testing
