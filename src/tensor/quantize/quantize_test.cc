#include <cmath>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <sys/resource.h>

#include "tensor/formats/convert.h"
#include "tensor/gguf_encoded.h"
#include "tensor/gguf_writer.h"
#include "tensor/quantize/quantize_model.h"
#include "tensor/random/random_model.h"
#include "testing/paths.h"

namespace loci {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

TensorPlace place(std::string_view name, int layers = 32) {
  return {.name = name,
          .dimensions = 2,
          .columns = 4096,
          .layers = layers,
          .heads_per_values = 4,
          .has_output = true};
}

DType type_of(const char* mixture, std::string_view name, int layers = 32) {
  return type_in_mixture(parse_mixture(mixture).value(), place(name, layers));
}

TEST(Mixture, NamesInAnyCaseWithLlamaQuantizesShortForms) {
  EXPECT_EQ(parse_mixture("q4_k_m")->name, "Q4_K_M");
  EXPECT_EQ(parse_mixture("Q4_K")->name, "Q4_K_M");
  EXPECT_EQ(parse_mixture("Q6_K")->name, "Q6_K");
  EXPECT_EQ(parse_mixture("q8_0")->file_type, 7u);
  for (const char* name : {"", "Q4", "Q4_K_L", "IQ2_XS", "Q4_K_M_M"}) {
    const auto mixture = parse_mixture(name);
    ASSERT_FALSE(mixture.has_value()) << name;
    EXPECT_THAT(mixture.error().message, HasSubstr("Q4_K_M")) << name;
  }
}

/// What llama-quantize gives a Llama of 32 layers and grouped heads.
TEST(Mixture, TypesAreLlamaQuantizes) {
  EXPECT_EQ(type_of("Q4_K_M", "output.weight"), DType::kQ6_K);
  EXPECT_EQ(type_of("Q4_K_M", "token_embd.weight"), DType::kQ4_K);
  EXPECT_EQ(type_of("Q4_K_M", "blk.0.attn_q.weight"), DType::kQ4_K);
  for (const int layer : {0, 3, 6, 9, 27, 28, 31})
    for (const char* part : {"attn_v", "ffn_down", "ffn_down_exps"})
      EXPECT_EQ(type_of("Q4_K_M", fmt::format("blk.{}.{}.weight", layer, part)), DType::kQ6_K)
          << layer << part;
  for (const int layer : {4, 5, 7, 26})
    EXPECT_EQ(type_of("Q4_K_M", fmt::format("blk.{}.ffn_down.weight", layer)), DType::kQ4_K) << layer;
  EXPECT_EQ(type_of("Q4_K_M", "blk.4.attn_qkv.weight"), DType::kQ5_K);
  EXPECT_EQ(type_of("Q4_K_S", "blk.3.attn_v.weight"), DType::kQ5_K);
  EXPECT_EQ(type_of("Q4_K_S", "blk.4.attn_v.weight"), DType::kQ4_K);
  EXPECT_EQ(type_of("Q3_K_M", "blk.1.attn_v.weight"), DType::kQ5_K);
  EXPECT_EQ(type_of("Q3_K_M", "blk.2.attn_v.weight"), DType::kQ4_K);
  EXPECT_EQ(type_of("Q3_K_M", "blk.4.ffn_down.weight"), DType::kQ3_K);
  EXPECT_EQ(type_of("Q2_K", "blk.9.attn_v.weight"), DType::kQ4_K);
  EXPECT_EQ(type_of("Q2_K", "blk.9.attn_output.weight"), DType::kQ3_K);
  EXPECT_EQ(type_of("Q8_0", "output.weight"), DType::kQ8_0);
  EXPECT_EQ(type_of("Q4_0", "output.weight"), DType::kQ6_K);
  TensorPlace tied = place("token_embd.weight");
  tied.has_output = false;
  EXPECT_EQ(type_in_mixture(parse_mixture("Q4_K_M").value(), tied), DType::kQ6_K);
}

TEST(Mixture, WhatIsNoMatrixStays) {
  EXPECT_TRUE(is_quantizable(place("blk.0.ffn_gate_exps.weight")));
  for (const char* name : {"blk.0.attn_norm.weight", "position_embd.weight", "token_types.weight",
                           "blk.0.ffn_gate_inp.weight", "blk.0.attn_q.bias", "rope_freqs.weight"})
    EXPECT_FALSE(is_quantizable(place(name))) << name;
  TensorPlace vector = place("blk.0.x.weight");
  vector.dimensions = 1;
  EXPECT_FALSE(is_quantizable(vector));
}

TEST(Mixture, NarrowRowsFallBack) {
  EXPECT_EQ(type_for_width(DType::kQ4_K, 512), DType::kQ4_K);
  EXPECT_EQ(type_for_width(DType::kQ4_K, 96), DType::kQ5_0);
  EXPECT_EQ(type_for_width(DType::kQ5_K, 96), DType::kQ5_1);
  EXPECT_EQ(type_for_width(DType::kQ6_K, 96), DType::kQ8_0);
  EXPECT_EQ(type_for_width(DType::kQ2_K, 96), DType::kIQ4_NL);
  EXPECT_EQ(type_for_width(DType::kQ8_0, 40), DType::kF16);
  EXPECT_EQ(type_for_width(DType::kBF16, 40), DType::kBF16);
}

/// A GGUF with a matrix [rows][256], a norm and metadata of odd types.
struct Source {
  explicit Source(std::vector<float> matrix) : values(std::move(matrix)) {
    GgufWriter writer(64);
    writer.set("general.architecture", "llama");
    writer.set("llama.attention.head_count", GgufValue(std::int64_t{8}));
    writer.set("llama.attention.head_count_kv", GgufValue(std::int64_t{2}));
    constexpr unsigned char kBytes[] = {9, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3};
    writer.set_encoded("tokenizer.ggml.precompiled_charsmap", std::as_bytes(std::span(kBytes)));
    const auto fill = [this](std::span<std::byte> out) {
      std::ranges::copy(std::as_bytes(std::span(values)).first(out.size()), out.begin());
      return Result<>{};
    };
    EXPECT_TRUE(writer.add("blk.0.ffn_up.weight", DType::kF32, {values.size() / 256, 256}, fill));
    EXPECT_TRUE(writer.add("blk.0.ffn_norm.weight", DType::kF32, {256}, fill));
    image = writer.image();
    checkpoint.emplace(Checkpoint::from_gguf_image(image, "source").value());
  }

  Result<GgufWriter> quantized(const char* mixture) {
    GgufWriter writer;
    LOCI_TRY_VOID(copy_metadata(image, writer));
    QuantizeOptions options{.mixture = parse_mixture(mixture).value()};
    LOCI_TRY_VOID(quantize_model(*checkpoint, tensors_of_gguf(*checkpoint), options,
                                 heads_per_values(checkpoint->gguf()), pool, writer));
    return writer;
  }

  std::vector<float> values;
  std::vector<std::byte> image;
  std::optional<Checkpoint> checkpoint;
  WorkerPool pool{2};
};

std::vector<float> wave(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(0.37f * static_cast<float>(i));
  return values;
}

TEST(QuantizeModel, MetadataIsKeptByteForByteAndTensorsHaveTheirTypes) {
  Source source(wave(40 * 256));
  EXPECT_EQ(heads_per_values(source.checkpoint->gguf()), 4);
  const std::vector<std::byte> image = source.quantized("Q5_K_S")->image();
  const GgufFile file = parse_gguf(image).value();
  EXPECT_FALSE(file.metadata.contains("general.alignment"));
  EXPECT_EQ(file.metadata.get<std::int64_t>("general.file_type"), 16);
  const auto before = encoded_gguf_metadata(source.image).value(),
             after = encoded_gguf_metadata(image).value();
  const auto bytes = after.at("tokenizer.ggml.precompiled_charsmap");
  EXPECT_TRUE(std::ranges::equal(bytes, before.at("tokenizer.ggml.precompiled_charsmap")));
  EXPECT_EQ(bytes.size(), 19u);
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[0].name, "blk.0.ffn_up.weight");  // in the old file's order
  EXPECT_EQ(file.tensors[0].dtype, DType::kQ5_K);
  EXPECT_EQ(file.tensors[1].dtype, DType::kF32);
  std::vector<std::byte> expected(file.tensors[0].bytes.size());
  quantize_row(DType::kQ5_K, source.values.data(), source.values.size(), expected.data());
  EXPECT_TRUE(std::ranges::equal(file.tensors[0].bytes, expected));
}

fs::path temporary(const char* name) {
  return fs::temp_directory_path() / fmt::format("loci-quantize-{}-{}", ::getpid(), name);
}

TEST(QuantizeModel, ElementsThatNoTypeHoldsAreRefusedByName) {
  for (const auto& [odd, message] :
       {std::pair{std::numeric_limits<float>::quiet_NaN(), "element 7 of row 30 is nan"},
        {-std::numeric_limits<float>::infinity(), "element 7 of row 30 is -inf"},
        {1e30f, "more than a scale of Q4_K can hold"}}) {
    std::vector<float> values = wave(40 * 256);
    values[30 * 256 + 7] = odd;
    values[35 * 256] = odd;
    Source source(std::move(values));
    const fs::path out = temporary("odd.gguf");
    const auto written = source.quantized("Q4_K_S")->write(out);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(written.error().message, HasSubstr("tensor 'blk.0.ffn_up.weight'"));
    EXPECT_THAT(written.error().message, HasSubstr(message));
    EXPECT_FALSE(fs::exists(out));
    EXPECT_FALSE(fs::exists(out.string() + ".part"));
  }
}

TEST(QuantizeModel, WhatIsQuantizedIsNotQuantizedUnasked) {
  Source source(wave(40 * 256));
  const std::vector<std::byte> image = source.quantized("Q4_0")->image();
  const Checkpoint small = Checkpoint::from_gguf_image(image, "small").value();
  GgufWriter writer;
  QuantizeOptions options{.mixture = parse_mixture("Q8_0").value()};
  const auto refused = quantize_model(small, tensors_of_gguf(small), options, 1, source.pool, writer);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("'blk.0.ffn_up.weight'"));
  EXPECT_THAT(refused.error().message, HasSubstr("--allow-requantize"));
  options.requantize = true;
  GgufWriter again;
  EXPECT_TRUE(quantize_model(small, tensors_of_gguf(small), options, 1, source.pool, again));
  options = {.mixture = parse_mixture("F32").value()};  // losing nothing more is no rounding
  GgufWriter wide;
  EXPECT_TRUE(quantize_model(small, tensors_of_gguf(small), options, 1, source.pool, wide));
  options = {.mixture = parse_mixture("Q4_0").value()};  // the same type: a copy
  GgufWriter same;
  ASSERT_TRUE(quantize_model(small, tensors_of_gguf(small), options, 1, source.pool, same));
  EXPECT_EQ(parse_gguf(same.image())->tensors[0].dtype, DType::kQ4_0);
}

TEST(QuantizeModel, IntegersStay) {
  GgufWriter odd;
  ASSERT_TRUE(odd.add("x.weight", DType::kI32, {4, 256}, [](std::span<std::byte>) {}));
  ASSERT_TRUE(odd.add("y.weight", DType::kF64, {4, 256}, [](std::span<std::byte>) {}));
  const std::vector<std::byte> image = odd.image();
  const Checkpoint checkpoint = Checkpoint::from_gguf_image(image, "odd").value();
  WorkerPool pool(1);
  GgufWriter writer;
  const QuantizeOptions options{.mixture = parse_mixture("Q8_0").value()};
  ASSERT_TRUE(quantize_model(checkpoint, tensors_of_gguf(checkpoint), options, 1, pool, writer));
  const std::vector<std::byte> written = writer.image();
  EXPECT_EQ(parse_gguf(written)->tensors[0].dtype, DType::kI32);
  EXPECT_EQ(parse_gguf(written)->tensors[1].dtype, DType::kF64);
}

TEST(QuantizeModel, AFullDiskLeavesNothingBehind) {
  Source source(wave(40 * 256));
  const fs::path out = temporary("full.gguf");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit little{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto written = source.quantized("Q8_0")->write(out);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  EXPECT_THAT(written.error().message, HasSubstr("cannot write"));
  EXPECT_FALSE(fs::exists(out));
  EXPECT_FALSE(fs::exists(out.string() + ".part"));
}

}  // namespace
}  // namespace loci
