// matmul on tensor cores: the bits of a model of its order under the emulation, the same bits in any company,
// and a bound on the distance to exact sums.
#include <cmath>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/test_support.h"
#include "tensor/formats/half.h"
#include "testing/sanitized.h"

namespace loci::kernels::cuda::testing {
namespace {

using kernels::testing::OwnedMatrix;

float to_bf16(float x) {
  return bf16_to_f32(f32_to_bf16(x));
}

/// The order that matmul_bf16.cuh states, and the sums of emulation/tensor_cores.h: exact, rounded once a
/// product.
float in_order(std::span<const float> x, std::span<const float> w) {
  float total = 0;
  for (std::size_t chunk = 0; chunk < x.size(); chunk += 512) {
    float sum = 0;
    for (std::size_t block = chunk; block < std::min(chunk + 512, x.size()); block += 32)
      for (std::size_t product = 0; product < 2; ++product) {
        double exact = double{sum};
        for (std::size_t c = block; c < std::min(block + 32, x.size()); ++c)
          if (c % 8 / 4 == product) exact += double{x[c]} * double{w[c]};
        sum = static_cast<float>(exact);
      }
    total = total + sum;
  }
  return total;
}

struct Result {
  int stride = 0;
  std::vector<float> values;
};

class CudaMatmul : public ::testing::Test {
 protected:
  struct Options {
    MatmulOutput mode = MatmulOutput::kStore;
    bool bias = false;
    int panel_step = kPanelRows, slack = 0;
  };

  Result product(const OwnedMatrix& weight, std::span<const float> input, const Options& options,
                 unsigned seed) {
    const int columns = weight.view.columns, tokens = static_cast<int>(input.size()) / columns;
    const int width = (weight.view.rows - 1) / kPanelRows * options.panel_step + kPanelRows;
    const int stride = width + options.slack;
    DeviceArray<std::byte> data(std::span<const std::byte>(weight_bytes(weight)));
    DeviceArray<float> device_input(std::vector<float>(input.begin(), input.end())), bias(bias_of(width));
    DeviceArray<RoundedBlock> rounded(static_cast<std::size_t>((columns + 31) / 32 * tokens));
    DeviceArray<float> output(std::vector<float>(static_cast<std::size_t>(tokens * stride), 0.5f));
    MatmulArgs args{.weight = weight.view,
                    .input = nullptr,
                    .tokens = tokens,
                    .mode = options.mode,
                    .output = output.get(),
                    .output_stride = stride,
                    .bias = options.bias ? bias.get() : nullptr,
                    .rounded = rounded.get(),
                    .panel_step = options.panel_step};
    args.weight.data = data.get();
    run(
        [&](Queue& queue) {
          round({device_input.get(), tokens, columns, rounded.get()}, queue);
          matmul(args, queue);
        },
        seed);
    return {stride, output.values()};
  }
  static std::span<const std::byte> weight_bytes(const OwnedMatrix& weight) {
    return {weight.view.data, weight.bytes.size};
  }
  static std::vector<float> bias_of(int width) {
    std::vector<float> bias;
    for (int i = 0; i < width; ++i) bias.push_back(static_cast<float>(i) * 0.25f);
    return bias;
  }

  void expect_the_model(int rows, int columns, int tokens, const Options& options, unsigned seed) {
    const OwnedMatrix weight(DType::kBF16, rows, columns, random_);
    std::vector<float> input = random_.reals(tokens * columns);
    for (float& x : input) x = to_bf16(x);
    const Result result = product(weight, input, options, seed);
    const auto width = static_cast<std::size_t>(columns);
    std::vector<float> expected(result.values.size(), 0.5f);
    for (int t = 0; t < tokens; ++t)
      for (int r = 0; r < rows; ++r) {
        const int place = r / kPanelRows * options.panel_step + r % kPanelRows;
        float sum = in_order(std::span(input).subspan(static_cast<std::size_t>(t) * width, width),
                             std::span(weight.values).subspan(static_cast<std::size_t>(r) * width, width));
        if (options.bias) sum = sum + static_cast<float>(place) * 0.25f;
        float& at = expected[static_cast<std::size_t>(t * result.stride + place)];
        at = options.mode == MatmulOutput::kAccumulate ? at + sum : sum;
      }
    ASSERT_TRUE(same_bits(result.values, expected)) << rows << " x " << columns << ", " << tokens << " rows";
  }

  Random random_{17};
};

TEST_F(CudaMatmul, EqualsTheModelOfItsOrder) {
  for (const int tokens : {1, 7, 8, 9, 16, 17, 32, 33})
    for (const int columns : {1, 30, 33, 96, 515}) {
      const int rows = random_.between(1, 40);
      const Options options{.mode = tokens % 2 == 0 ? MatmulOutput::kStore : MatmulOutput::kAccumulate,
                            .bias = columns % 2 == 0,
                            .panel_step = columns == 96 ? 2 * kPanelRows : kPanelRows,
                            .slack = columns % 3};
      expect_the_model(rows, columns, tokens, options, static_cast<unsigned>(columns));
    }
}

TEST_F(CudaMatmul, AddsChunksInOrderWhereWarpsHaveSeveral) {
  expect_the_model(17, 512 * 9 + 40, 3, {}, 1);
  expect_the_model(3, 512 * 2 + 2, 40, {}, 2);
}

TEST_F(CudaMatmul, CoversSeveralTilesOfRowsAndTokens) {
  expect_the_model(131, 64, 130, {}, 3);
}

TEST_F(CudaMatmul, ARowHasTheSameBitsInAnyCompany) {
  const int columns = 600, rows = 20, stride = 32;
  const OwnedMatrix weight(DType::kBF16, rows, columns, random_);
  const std::vector<float> input = random_.reals(45 * columns);
  const Result all = product(weight, input, {}, 5);
  for (const auto& [first, count] :
       std::initializer_list<std::pair<int, int>>{{0, 1}, {3, 5}, {7, 12}, {10, 30}, {44, 1}}) {
    const std::span rows_of(input.data() + first * columns, static_cast<std::size_t>(count * columns));
    const Result some = product(weight, rows_of, {}, 6);
    ASSERT_EQ(some.stride, stride);
    for (int t = 0; t < count; ++t)
      ASSERT_TRUE(
          same_bits(std::span(some.values).subspan(static_cast<std::size_t>(t * stride), rows),
                    std::span(all.values).subspan(static_cast<std::size_t>((first + t) * stride), rows)));
  }
}

TEST_F(CudaMatmul, IsCloseToExactSums) {
  const int columns = 1024;
  const OwnedMatrix weight(DType::kBF16, 16, columns, random_);
  std::vector<float> input = random_.reals(4 * columns);
  for (float& x : input) x = to_bf16(x);
  const Result result = product(weight, input, {}, 7);
  for (int t = 0; t < 4; ++t)
    for (int r = 0; r < 16; ++r) {
      double exact = 0, magnitude = 0;
      for (int c = 0; c < columns; ++c) {
        const double term =
            double{weight.at(r, c)} * double{input[static_cast<std::size_t>(t * columns + c)]};
        exact += term;
        magnitude += std::fabs(term);
      }
      // A rounding a product of 16 columns, and one a chunk.
      ASSERT_NEAR(result.values[static_cast<std::size_t>(t * result.stride + r)], exact,
                  magnitude * 66 * 0x1p-24);
    }
}

/// Weights of a quantized type times rows of bytes.
class CudaMatmulInteger : public ::testing::TestWithParam<DType> {
 protected:
  void expect_the_reference(int rows, int blocks, int tokens, MatmulOutput mode, unsigned seed) {
    const int columns = blocks * std::max(32, traits(GetParam()).block_elements), stride = rows + 3;
    const OwnedMatrix weight(GetParam(), rows, columns, random_);
    const std::vector<float> input = random_.reals(tokens * columns, -3, 3), bias = random_.reals(rows);
    WorkerPool pool(1);
    const std::vector<QuantizedBlock> bytes =
        kernels::testing::quantized(kernels::testing::reference(), pool, input.data(), tokens, columns);
    std::vector<float> expected(static_cast<std::size_t>(tokens * stride), 0.25f);
    DeviceArray<float> output(expected), device_bias(bias);
    DeviceArray<std::byte> data(std::span<const std::byte>(weight.view.data, weight.bytes.size));
    DeviceArray<QuantizedBlock> device_bytes(bytes);
    MatmulArgs args{.weight = weight.view,
                    .input = nullptr,
                    .tokens = tokens,
                    .mode = mode,
                    .output = expected.data(),
                    .output_stride = stride,
                    .bias = mode == MatmulOutput::kStore ? bias.data() : nullptr,
                    .quantized = bytes.data()};
    kernels::testing::reference().matmul(args, pool);
    args.weight.data = data.get(), args.output = output.get(), args.quantized = device_bytes.get();
    if (args.bias != nullptr) args.bias = device_bias.get();
    run([&](Queue& queue) { matmul(args, queue); }, seed);
    ASSERT_TRUE(same_bits(output.view(), expected)) << rows << " rows, " << blocks << " blocks, " << tokens;
  }
  Random random_{23};
};
INSTANTIATE_TEST_SUITE_P(Types, CudaMatmulInteger,
                         ::testing::Values(DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ4_K),
                         [](const auto& param) { return std::string(traits(param.param).name); });

TEST_P(CudaMatmulInteger, EqualsTheReferenceForAnyNumberOfRows) {
  for (const int tokens : {0, 1, 7, 8, 9, 17, 32, 33, 70})
    for (const int blocks : {1, 3})
      expect_the_reference(random_.between(1, 40), blocks, tokens,
                           tokens % 2 == 0 ? MatmulOutput::kStore : MatmulOutput::kAccumulate,
                           static_cast<unsigned>(tokens));
  expect_the_reference(5, 40, 2, MatmulOutput::kStore, 1);  // several rounds of blocks
  expect_the_reference(140, 2, 66, MatmulOutput::kStore, 2);
}

TEST_P(CudaMatmulInteger, ActivatesItsSumsAsTheReferenceDoes) {
  WorkerPool pool(1);
  const int columns = 2 * std::max(32, traits(GetParam()).block_elements);
  for (const int tokens : {1, 9, 20, 37})
    for (const bool gated : {false, true})
      for (const int features : {32, 48, 160}) {
        if (loci::testing::kSanitized && features == 160) continue;
        const int rows = gated ? gated_width(features) : features;
        const OwnedMatrix weight(GetParam(), rows, columns, random_);
        const std::vector<float> input = random_.reals(tokens * columns, -1, 1), bias = random_.reals(rows);
        const std::vector<QuantizedBlock> bytes =
            kernels::testing::quantized(kernels::testing::reference(), pool, input.data(), tokens, columns);
        std::vector<float> expected(static_cast<std::size_t>(tokens * features));
        MatmulArgs args{.weight = weight.view,
                        .input = nullptr,
                        .tokens = tokens,
                        .mode = MatmulOutput::kActivate,
                        .output = expected.data(),
                        .output_stride = features,
                        .bias = features == 48 ? nullptr : bias.data(),
                        .quantized = bytes.data(),
                        .activation = Activation::kSilu,
                        .gated = gated};
        kernels::testing::reference().matmul(args, pool);
        DeviceArray<float> output(expected.size()), device_bias(bias);
        DeviceArray<std::byte> data(std::span<const std::byte>(weight.view.data, weight.bytes.size));
        DeviceArray<QuantizedBlock> device_bytes(bytes);
        DeviceArray<QuantizedBlock> activated(static_cast<std::size_t>(tokens * features / 32));
        args.weight.data = data.get(), args.output = output.get(), args.quantized = device_bytes.get();
        if (args.bias != nullptr) args.bias = device_bias.get();
        run([&](Queue& queue) { matmul(args, queue); }, static_cast<unsigned>(features));
        ASSERT_TRUE(same_bits(output.view(), expected)) << features << ' ' << tokens << ' ' << gated;
        if (features % 32 != 0) continue;
        args.bytes = activated.get();
        run([&](Queue& queue) { matmul(args, queue); });
        const auto expected_bytes = kernels::testing::quantized(kernels::testing::reference(), pool,
                                                                expected.data(), tokens, features);
        ASSERT_EQ(std::memcmp(activated.get(), expected_bytes.data(),
                              expected_bytes.size() * sizeof(QuantizedBlock)),
                  0)
            << features << ' ' << tokens << ' ' << gated;
      }
}

TEST_F(CudaMatmul, RefusesWhatItHasNoKernelFor) {
  Queue queue;
  matmul({.weight = {.dtype = DType::kQ8_0},
          .input = nullptr,
          .tokens = 0,
          .mode = MatmulOutput::kStore,
          .output = nullptr,
          .output_stride = 0},
         queue);
  EXPECT_STREQ(queue.error, "matmul: no kernel for weights and rows of these types");
}

}  // namespace
}  // namespace loci::kernels::cuda::testing
