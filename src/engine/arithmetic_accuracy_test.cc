// What rounding the inputs of matrices costs: a trained model's distributions over real text, beside those
// that float32 arithmetic makes of the same weights.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "engine/embedded_model.h"
#include "model/testing/golden.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/integer_block.h"
#include "tensor/gguf_writer.h"
#include "text/tokenizer.h"

namespace loci {
namespace {

using testing::Runner;

constexpr std::size_t kTexts = 4, kTokens = 500;

/// The embedded model with its matrices in another type.
std::vector<std::byte> requantized(DType dtype) {
  const Checkpoint stored = Checkpoint::from_gguf_image(embedded_model(), "embedded").value();
  GgufWriter writer;
  for (const auto& [key, value] : stored.gguf().values()) writer.set(key, value);
  for (const auto& [name, tensor] : stored.tensors()) {
    if (integer_format(tensor.dtype) == nullptr) {
      EXPECT_TRUE(writer.add(tensor));
      continue;
    }
    EXPECT_TRUE(writer.add(name, dtype, tensor.shape, [&tensor, dtype](std::span<std::byte> out) {
      std::vector<float> values(tensor.elements());
      dequantize_row(tensor.dtype, tensor.bytes.data(), values.size(), values.data());
      quantize_row(dtype, values.data(), values.size(), out.data());
    }));
  }
  return writer.image();
}

struct Difference {
  double squares = 0, variance = 0;  // of the logits' differences, of the logits; sums over positions
  double divergence = 0;             // KL(float32 || native), sum
  int same_argmax = 0, positions = 0;
};

/// Adds one position.
void compare(std::span<const float> exact, std::span<const float> native, Difference& total) {
  const std::size_t n = exact.size();
  double mean = 0, exact_sum = 0, native_sum = 0;
  const double exact_top = *std::ranges::max_element(exact), native_top = *std::ranges::max_element(native);
  for (std::size_t i = 0; i < n; ++i) {
    mean += double{exact[i]} / static_cast<double>(n);
    exact_sum += std::exp(double{exact[i]} - exact_top);
    native_sum += std::exp(double{native[i]} - native_top);
  }
  const double exact_norm = exact_top + std::log(exact_sum), native_norm = native_top + std::log(native_sum);
  for (std::size_t i = 0; i < n; ++i) {
    const double e{exact[i]}, a{native[i]};
    total.squares += (e - a) * (e - a) / static_cast<double>(n);
    total.variance += (e - mean) * (e - mean) / static_cast<double>(n);
    total.divergence += std::exp(e - exact_norm) * ((e - exact_norm) - (a - native_norm));
  }
  total.same_argmax +=
      std::ranges::max_element(exact) - exact.begin() == std::ranges::max_element(native) - native.begin();
  ++total.positions;
}

/// The table whose arithmetic is measured: the processor's best, for BF16 one that multiplies it.
const kernels::OpTable* native_table(DType dtype) {
  if (dtype != DType::kBF16) return kernels::ops_for(kernels::best_isa());
  const auto tables = testing::bf16_tables();
  return tables.empty() ? nullptr : tables.back();
}

Difference measure(const Checkpoint& checkpoint, const kernels::OpTable& table, std::string_view text) {
  WorkerPool pool(2);
  const auto tokenizer = load_tokenizer(checkpoint).value();
  const auto exact = Model::load(checkpoint, {.arithmetic = Arithmetic::kFloat32}, pool).value();
  const auto native = Model::load(checkpoint, {}, pool).value();
  const std::vector<TokenId> tokens = tokenizer->encode(text);
  const auto vocab = static_cast<std::size_t>(exact->spec().vocab_size);
  Difference total;
  for (std::size_t i = 0; i < kTexts && (i + 1) * kTokens <= tokens.size(); ++i) {
    const auto part = std::span(tokens).subspan(i * kTokens, kTokens);
    Runner exact_run(*exact, *kernels::ops_for(kernels::best_isa()), 2);
    Runner native_run(*native, table, 2);
    const auto want = exact_run.feed(part), got = native_run.feed(part);
    for (std::size_t t = 0; t < kTokens; ++t)
      compare(want.subspan(t * vocab, vocab), got.subspan(t * vocab, vocab), total);
  }
  return total;
}

class ArithmeticAccuracy : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(All, ArithmeticAccuracy,
                         ::testing::Values(DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                                           DType::kQ5_1, DType::kBF16),
                         [](const auto& test) { return std::string(traits(test.param).name); });

TEST_P(ArithmeticAccuracy, RealTextMeansTheSame) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "numbers, which a sanitizer does not change, in a minute each";
#endif
  const auto path =
      testing::shared_data() / "text" / "en" / "secret-garden.txt";  // held out of the model's training
  SKIP_IF_ABSENT(path);
  const std::string text = read_text_file(path, 1 << 20).value().substr(20000, 12000);
  const std::vector<std::byte> image = requantized(GetParam());
  const kernels::OpTable* table = native_table(GetParam());
  if (table == nullptr) GTEST_SKIP() << "this processor does not multiply BF16";
  const Difference total = measure(Checkpoint::from_gguf_image(image, "requantized").value(), *table, text);
  ASSERT_EQ(total.positions, static_cast<int>(kTexts * kTokens));
  const double error = std::sqrt(total.squares / total.variance),
               divergence = total.divergence / total.positions;
  const double agreement = 100.0 * total.same_argmax / total.positions;
  RecordProperty("rms_percent", std::to_string(100 * error));
  RecordProperty("kl", std::to_string(divergence));
  RecordProperty("argmax_percent", std::to_string(agreement));
  std::printf("%s: RMS error %.2f %% of the logits' deviation, KL %.2e, same argmax %.2f %%\n",
              std::string(traits(GetParam()).name).c_str(), 100 * error, divergence, agreement);
  EXPECT_LE(error, 0.02);
  EXPECT_LE(divergence, 1e-3);
  // The aim is 99 %. Those that differ, some 20 of 2,000, are near ties: their number moves by its root, 4.5,
  // with any other order of a sum anywhere. So two deviations are allowed.
  EXPECT_GE(agreement, 98.55);
}

}  // namespace
}  // namespace loci
