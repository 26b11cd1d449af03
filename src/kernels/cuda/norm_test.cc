// norm and quantize: bits of the reference under the emulation, whatever the order of threads and the company
// of a row.
#include <cmath>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/test_support.h"
#include "kernels/ref/ref.h"
#include "testing/sanitized.h"

namespace loci::kernels::cuda::testing {
namespace {

using kernels::testing::OwnedScaledRows;
using kernels::testing::same_rows;

template <class T>
bool same_bytes(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

/// Rows under one scale each, on the device.
struct DeviceScaledRows {
  DeviceScaledRows(int tokens, int columns)
      : blocks(static_cast<std::size_t>((columns + kScaledColumns - 1) / kScaledColumns * tokens)),
        scales(static_cast<std::size_t>(tokens)) {}
  ScaledRows view() { return {blocks.get(), scales.get()}; }
  OwnedScaledRows values(int tokens, int columns) const {
    OwnedScaledRows rows(tokens, columns);
    rows.blocks = blocks.values();
    rows.scales = scales.values();
    return rows;
  }

  DeviceArray<ScaledBlock> blocks;
  DeviceArray<RowScale> scales;
};

class CudaNorm : public ::testing::Test {
 protected:
  Random random_{5};
  WorkerPool pool_{1};
};

struct Shape {
  int tokens, groups, features, slack;
};

TEST_F(CudaNorm, EqualsTheReferenceAlsoInPlace) {
  std::vector<Shape> shapes{{2, 1, 4096, 0}, {1, 2, 4111, 1}, {0, 1, 8, 0}, {1, 1, 9000, 0}};
  for (int features = 1; features < 70; ++features)
    shapes.push_back({random_.between(1, 4), random_.between(1, 3), features, random_.between(0, 3)});
  for (const Shape& shape : shapes) {
    const int width = shape.groups * shape.features, stride = width + shape.slack;
    const std::vector<float> input = random_.reals(shape.tokens * stride, -3, 3),
                             weight = random_.reals(width), bias = random_.reals(width);
    DeviceArray<float> device_weight(weight), device_bias(bias);
    for (const NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
      const bool biased = kind == NormKind::kLayer && shape.features % 3 != 0;
      NormArgs args{.kind = kind,
                    .input = input.data(),
                    .weight = weight.data(),
                    .bias = biased ? bias.data() : nullptr,
                    .epsilon = 1e-5f,
                    .tokens = shape.tokens,
                    .groups = shape.groups,
                    .features = shape.features,
                    .input_stride = stride,
                    .output = nullptr,
                    .output_stride = stride};
      std::vector<float> expected = input;
      args.output = expected.data();
      ref::norm(args, pool_);
      args.weight = device_weight.get(), args.bias = biased ? device_bias.get() : nullptr;
      for (const bool in_place : {false, true}) {
        const auto seed = static_cast<unsigned>(shape.features);
        DeviceArray<float> device_input(input), device_output(input);
        args.input = in_place ? device_output.get() : device_input.get();
        args.output = device_output.get();
        run([&](Queue& queue) { norm(args, queue); }, seed);
        ASSERT_TRUE(same_bits(device_output.view(), expected)) << shape.features;
      }
    }
  }
}

TEST_F(CudaNorm, RoundsToTheBytesOfTheReference) {
  for (const int features : {32, 96, 4128})
    for (const int tokens : {0, 1, 3, 34}) {
      if (features > 1000 && tokens > 3) continue;
      std::vector<float> input = random_.reals(tokens * features, -3, 3);
      if (tokens >= 3) input[static_cast<std::size_t>(features + 5)] = std::nanf("");
      const std::vector<float> weight = random_.reals(features);
      DeviceArray<float> device_input(input), device_weight(weight);
      NormArgs args{.kind = tokens % 2 == 0 ? NormKind::kRms : NormKind::kLayer,
                    .input = input.data(),
                    .weight = weight.data(),
                    .bias = nullptr,
                    .epsilon = 1e-5f,
                    .tokens = tokens,
                    .groups = 1,
                    .features = features,
                    .input_stride = features,
                    .output = nullptr,
                    .output_stride = features};
      std::vector<QuantizedBlock> expected(static_cast<std::size_t>(features / 32 * tokens));
      args.bytes = expected.data();
      if (tokens > 0) ref::norm(args, pool_);
      OwnedScaledRows expected_rows(tokens, features);
      args.bytes = nullptr, args.scaled = expected_rows.view();
      if (tokens > 0) ref::norm(args, pool_);
      args.input = device_input.get(), args.weight = device_weight.get();
      for (const unsigned seed : kSeeds) {
        DeviceArray<QuantizedBlock> bytes(expected.size());
        DeviceScaledRows rows(tokens, features);
        run(
            [&](Queue& queue) {
              args.bytes = bytes.get(), args.scaled = {};
              norm(args, queue);
              args.bytes = nullptr, args.scaled = rows.view();
              norm(args, queue);
            },
            seed);
        ASSERT_TRUE(same_bytes<QuantizedBlock>(bytes.view(), expected)) << features << ' ' << tokens;
        ASSERT_TRUE(same_rows(rows.values(tokens, features), expected_rows)) << features << ' ' << tokens;
      }
    }
}

class CudaQuantize : public CudaNorm {};

TEST_F(CudaQuantize, EqualsTheReference) {
  for (const int columns : {32, 64, 288})
    for (const int tokens : {0, 1, 4, 34})
      for (const bool sorted : {false, true}) {
        if (loci::testing::kSanitized && tokens == 34 && columns != 64) continue;
        std::vector<float> input = random_.reals(tokens * columns, -5, 5);
        if (tokens == 4) {
          for (int c = 0; c < columns; ++c) input[static_cast<std::size_t>(columns + c)] *= 1e-38f;
          input[static_cast<std::size_t>(2 * columns + 3)] = INFINITY;
          for (int c = 0; c < 32; ++c) input[static_cast<std::size_t>(3 * columns + c)] = 0;
        }
        std::vector<std::uint32_t> order(static_cast<std::size_t>(columns));
        for (std::size_t c = 0; c < order.size(); ++c)
          order[c] = static_cast<std::uint32_t>((c * 5 + 3) % order.size());
        QuantizeArgs args{input.data(), tokens, columns, sorted ? order.data() : nullptr, nullptr};
        std::vector<QuantizedBlock> expected(static_cast<std::size_t>(columns / 32 * tokens));
        args.output = expected.data();
        ref::quantize(args, pool_);
        OwnedScaledRows expected_rows(tokens, columns);
        args.scaled = expected_rows.view();
        if (tokens > 0) ref::quantize(args, pool_);

        DeviceArray<float> device_input(input);
        DeviceArray<std::uint32_t> device_order(order);
        DeviceArray<QuantizedBlock> bytes(expected.size());
        DeviceScaledRows rows(tokens, columns);
        args.input = device_input.get(), args.column_order = sorted ? device_order.get() : nullptr;
        run([&](Queue& queue) {
          args.output = bytes.get(), args.scaled = {};
          quantize(args, queue);
          args.output = nullptr, args.scaled = rows.view();
          quantize(args, queue);
        });
        ASSERT_TRUE(same_bytes<QuantizedBlock>(bytes.view(), expected)) << columns << ' ' << tokens;
        ASSERT_TRUE(same_rows(rows.values(tokens, columns), expected_rows)) << columns << ' ' << tokens;
      }
}

TEST_F(CudaQuantize, TakesColumnsThatFillNoBlockUnderOneScale) {
  for (const int columns : {1, 63, 65, 130}) {
    const std::vector<float> input = random_.reals(3 * columns);
    OwnedScaledRows expected =
        kernels::testing::scaled(kernels::testing::reference(), pool_, input.data(), 3, columns);
    DeviceArray<float> device_input(input);
    DeviceScaledRows rows(3, columns);
    run([&](Queue& queue) {
      quantize({device_input.get(), 3, columns, nullptr, nullptr, rows.view()}, queue);
    });
    ASSERT_TRUE(same_rows(rows.values(3, columns), expected)) << columns;
  }
}

}  // namespace
}  // namespace loci::kernels::cuda::testing
