// The ops that look at one number at a time, or move it: embed, round, rope, activate, scale, add. Bits of
// the reference under the emulation, whatever the order of threads.
#include <numeric>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/test_support.h"
#include "kernels/ref/ref.h"
#include "tensor/formats/half.h"

namespace loci::kernels::cuda::testing {
namespace {

using kernels::testing::OwnedMatrix;

class CudaOps : public ::testing::Test {
 protected:
  Random random_{11};
  WorkerPool pool_{1};
};

/// Types whose tables embed reads.
constexpr DType kTables[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kQ8_0, DType::kQ4_0,
                             DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ2_K, DType::kQ3_K,
                             DType::kQ4_K, DType::kQ5_K, DType::kQ6_K, DType::kInt4, DType::kInt8,
                             DType::kFp8,  DType::kW8A8};

TEST_F(CudaOps, EmbedGivesTheRowsAsked) {
  for (const DType dtype : kTables)
    for (const int blocks : {1, 2, 11}) {
      const int width = blocks * traits(dtype).block_elements;
      OwnedMatrix table(dtype, 37, width, random_);
      const std::vector<TokenId> ids{0, 36, 16, 15, 16, 0, 7};
      std::vector<std::uint32_t> order(static_cast<std::size_t>(width));
      std::iota(order.begin(), order.end(), 0u);
      std::ranges::reverse(order);
      DeviceArray<std::byte> data(std::span<const std::byte>(table.bytes.data(), table.bytes.size));
      DeviceArray<TokenId> device_ids(ids);
      DeviceArray<std::uint32_t> device_order(order);
      for (const bool sorted : {false, true})
        for (const int tokens : {0, 1, 7}) {
          std::vector<float> expected(static_cast<std::size_t>(tokens * width));
          table.view.column_order = sorted ? order.data() : nullptr;
          ref::embed({.table = table.view, .ids = ids.data(), .tokens = tokens, .output = expected.data()},
                     pool_);
          DeviceArray<float> output(expected.size());
          PackedMatrix view = table.view;
          view.data = data.get();
          view.column_order = sorted ? device_order.get() : nullptr;
          run([&](Queue& queue) {
            embed({.table = view, .ids = device_ids.get(), .tokens = tokens, .output = output.get()}, queue);
          });
          ASSERT_TRUE(same_bits(output.view(), expected)) << traits(dtype).name << ' ' << width;
        }
    }
}

TEST_F(CudaOps, EmbedRefusesTypesThatItDoesNotKnow) {
  Queue queue;
  embed({.table = {.dtype = DType::kIQ1_S}, .ids = nullptr, .tokens = 0, .output = nullptr}, queue);
  EXPECT_STREQ(queue.error, "embed: no kernel for tables of this type");
}

/// What RoundedBlock says of a number.
std::uint16_t rounded(float x) {
  return f32_to_bf16(std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x);
}

TEST_F(CudaOps, RoundGivesBf16WithoutSubnormals) {
  for (const int columns : {1, 31, 32, 33, 64, 300})
    for (const int tokens : {0, 1, 5}) {
      std::vector<float> input = random_.reals(tokens * columns, -3, 3);
      if (tokens == 5) {
        const float odd[] = {0x1p-127f,        -0x1p-149f, 0x1.fffffep-127f, std::nanf(""), -INFINITY,
                             0x1.fffffep+127f, -0.0f};
        for (std::size_t i = 0; i < std::size(odd) && i < input.size(); ++i) input[i] = odd[i];
      }
      const int blocks = (columns + 31) / 32;
      DeviceArray<float> device_input(input);
      DeviceArray<RoundedBlock> output(static_cast<std::size_t>(tokens * blocks));
      run([&](Queue& queue) { round({device_input.get(), tokens, columns, output.get()}, queue); });
      for (int t = 0; t < tokens; ++t)
        for (int c = 0; c < blocks * 32; ++c) {
          const std::uint16_t expected =
              c < columns ? rounded(input[static_cast<std::size_t>(t * columns + c)]) : 0;
          ASSERT_EQ(output.get()[c / 32 * tokens + t].numbers[c % 32], expected) << t << ' ' << c;
        }
    }
}

TEST_F(CudaOps, RopeEqualsTheReference) {
  for (int i = 0; i < 40; ++i) {
    const int tokens = random_.between(0, 5), heads = random_.between(1, 4),
              head_dim = 2 * random_.between(1, 80);
    const int rotary_dim = 2 * random_.between(1, head_dim / 2),
              stride = heads * head_dim + random_.between(0, 5);
    const std::vector<float> data = random_.reals(tokens * stride);
    std::vector<float> expected = data, cos = random_.reals(tokens * rotary_dim / 2),
                       sin = random_.reals(tokens * rotary_dim / 2);
    RopeArgs args{expected.data(), tokens, stride, heads, head_dim, rotary_dim, cos.data(), sin.data()};
    ref::rope(args, pool_);
    DeviceArray<float> device_data(data), device_cos(cos), device_sin(sin);
    args.heads = device_data.get(), args.cos = device_cos.get(), args.sin = device_sin.get();
    run([&](Queue& queue) { rope(args, queue); }, static_cast<unsigned>(i));
    ASSERT_TRUE(same_bits(device_data.view(), expected));
  }
}

TEST_F(CudaOps, ActivateEqualsTheReference) {
  for (const Activation kind : {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                                Activation::kQuickGelu, Activation::kRelu, Activation::kReluSquared})
    for (const bool gated : {false, true})
      for (const int features : {1, 15, 16, 17, 300}) {
        const int tokens = random_.between(0, 4), width = gated ? gated_width(features) : features;
        std::vector<float> input = random_.reals(tokens * width, -20, 20);
        const float odd[] = {-200, 200, 0.0f, -0.0f, 88.8f, -87.4f, INFINITY, -INFINITY};
        for (std::size_t i = 0; i < std::size(odd) && i < input.size(); ++i) input[i] = odd[i];
        std::vector<float> expected(static_cast<std::size_t>(tokens * features));
        ref::activate({kind, gated, input.data(), tokens, features, expected.data()}, pool_);
        DeviceArray<float> device_input(input), output(expected.size());
        run([&](Queue& queue) {
          activate({kind, gated, device_input.get(), tokens, features, output.get()}, queue);
        });
        for (std::size_t i = 0; i < expected.size(); ++i)
          if (std::isnan(expected[i]) && std::isnan(output.get()[i])) expected[i] = output.get()[i];
        ASSERT_TRUE(same_bits(output.view(), expected)) << static_cast<int>(kind) << ' ' << features;
      }
}

TEST_F(CudaOps, ScaleEqualsTheReference) {
  for (int features = 1; features < 600; features += features < 40 ? 1 : 111) {
    const int tokens = random_.between(0, 4), stride = features + random_.between(0, 3);
    const std::vector<float> input = random_.reals(tokens * stride, -60, 60);
    for (const float clip : {0.0f, 25.0f})
      for (const float softcap : {0.0f, 30.0f}) {
        ScaleArgs args{nullptr, tokens, features, stride, 1.7f, clip, softcap};
        std::vector<float> expected = input;
        args.values = expected.data();
        ref::scale(args, pool_);
        DeviceArray<float> values(input);
        args.values = values.get();
        run([&](Queue& queue) { scale(args, queue); });
        ASSERT_TRUE(same_bits(values.view(), expected)) << features;
      }
  }
}

TEST_F(CudaOps, AddAddsARowOrTheSameToAll) {
  for (int features = 1; features < 600; features += features < 40 ? 1 : 111) {
    const int tokens = random_.between(0, 4);
    const std::vector<float> sum = random_.reals(tokens * features);
    for (const int stride : {0, features, features + 3}) {
      const std::vector<float> addend = random_.reals(std::max(1, tokens) * std::max(stride, features));
      AddArgs args{nullptr, addend.data(), tokens, features, stride, 0.3f};
      std::vector<float> expected = sum;
      args.sum = expected.data();
      ref::add(args, pool_);
      DeviceArray<float> device_sum(sum), device_addend(addend);
      args.sum = device_sum.get(), args.addend = device_addend.get();
      run([&](Queue& queue) { add(args, queue); });
      ASSERT_TRUE(same_bits(device_sum.view(), expected)) << features;
    }
  }
}

}  // namespace
}  // namespace loci::kernels::cuda::testing
