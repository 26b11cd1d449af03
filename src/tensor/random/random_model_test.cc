#include "tensor/random/random_model.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"
#include "tensor/gguf.h"
#include "tensor/random/random_weights.h"

namespace loci {
namespace {

TEST(ModelShape, NamesAndChanges) {
  const auto plain = parse_model_shape("bench-0.5b");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->parameters(), 505'996'288u)
      << "28 * (1024 * (2 * 2048 + 2 * 1024 + 3 * 3072) + 2 * 1024) + 1024 * (2 * 32000 + 1)";
  const auto changed = parse_model_shape("llama-3.2-1b,layers=3,vocab=1000,tied=0");
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->hidden, 2048);
  EXPECT_EQ(changed->layers, 3);
  EXPECT_EQ(changed->vocabulary, 1000);
  EXPECT_FALSE(changed->tied);
  const auto of_default = parse_model_shape("layers=1");
  ASSERT_TRUE(of_default.has_value());
  EXPECT_EQ(of_default->hidden, 1024);
  EXPECT_EQ(of_default->layers, 1);
}

TEST(ModelShape, EveryNamedShapeIsSound) {
  for (const ModelShape& shape : model_shapes())
    EXPECT_TRUE(parse_model_shape(shape.name).has_value()) << shape.name;
}

// The published numbers of parameters.
TEST(ModelShape, ParametersOfPublishedModels) {
  const std::map<std::string, double> published{
      {"llama-3.2-1b", 1235.8e6},   {"llama-3.2-3b", 3212.7e6}, {"llama-3.1-8b", 8030.3e6},
      {"llama-3.1-70b", 70553.7e6}, {"llama-2-7b", 6738.4e6},   {"tinyllama-1.1b", 1100.0e6},
      {"smollm2-135m", 134.5e6},    {"mistral-7b", 7248.0e6},   {"qwen2.5-0.5b", 494.0e6},
      {"qwen2.5-1.5b", 1543.7e6},   {"qwen2.5-3b", 3085.9e6},   {"qwen2.5-7b", 7615.6e6},
      {"qwen3-0.6b", 596.0e6},      {"qwen3-1.7b", 1720.6e6},   {"qwen3-4b", 4022.5e6},
      {"qwen3-8b", 8190.7e6}};
  for (const auto& [name, parameters] : published) {
    const auto shape = parse_model_shape(name);
    ASSERT_TRUE(shape.has_value()) << name;
    EXPECT_NEAR(static_cast<double>(shape->parameters()) / parameters, 1, 1e-3) << name;
  }
}

TEST(ModelShape, BadShapesAreRefusedByName) {
  const std::pair<const char*, const char*> kCases[] = {
      {"gpt-9", "'gpt-9' is none of tiny,"},
      {"", "'' is none of tiny,"},
      {"tiny,", ""},
      {"layers=1,tiny", "'tiny' is none of"},
      {"tiny,depth=3", "'depth' is none of layers,"},
      {"tiny,layers=", "layers ''"},
      {"tiny,layers=0", "layers '0'"},
      {"tiny,layers=-1", "layers '-1'"},
      {"tiny,layers=2x", "layers '2x'"},
      {"tiny,layers=99999999999999999999", "layers '99999999999999999999'"},
      {"tiny,vocab=259", "vocab '259' is no number between 260"},
      {"tiny,heads=3", "3 heads are no multiple of 2 kv_heads"},
      {"tiny,head_dim=33", "head_dim 33 is odd"},
      {"tiny,tied=yes", "tied 'yes'"},
  };
  for (const auto& [text, message] : kCases) {
    const auto shape = parse_model_shape(text);
    if (*message == '\0') {
      EXPECT_TRUE(shape.has_value()) << text;
      continue;
    }
    ASSERT_FALSE(shape.has_value()) << text;
    EXPECT_EQ(shape.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_NE(shape.error().message.find(message), std::string::npos) << shape.error().message;
  }
}

TEST(RandomWeights, HaveTheDeviationAskedForInEveryFormat) {
  constexpr std::size_t kColumns = 1024, kRows = 64;
  constexpr double kDeviation = 1.0 / 32;
  for (const Format& format : formats()) {
    if (!can_be_random(format.dtype)) continue;
    const RandomWeights weights(format.dtype, kDeviation, 7);
    std::vector<std::byte> row(row_bytes(format.dtype, kColumns));
    std::vector<float> values(kColumns);
    double sum = 0, squares = 0;
    for (std::size_t r = 0; r < kRows; ++r) {
      weights.fill_row(3, r, kColumns, row.data());
      dequantize_row(format.dtype, row.data(), kColumns, values.data());
      for (const float value : values) {
        ASSERT_TRUE(std::isfinite(value)) << format.traits.name;
        sum += double{value}, squares += double{value} * double{value};
      }
    }
    constexpr double kCount = kColumns * kRows;
    EXPECT_NEAR(std::sqrt(squares / kCount) / kDeviation, 1, 0.1) << format.traits.name;
    EXPECT_NEAR(sum / kCount / kDeviation, 0, 0.15) << format.traits.name;
  }
}

TEST(RandomWeights, AreAFunctionOfSeedStreamAndRow) {
  const auto row = [](std::uint64_t seed, std::uint64_t stream, std::uint64_t number) {
    std::vector<std::byte> bytes(row_bytes(DType::kQ4_0, 64));
    RandomWeights(DType::kQ4_0, 1, seed).fill_row(stream, number, 64, bytes.data());
    return bytes;
  };
  EXPECT_EQ(row(1, 2, 3), row(1, 2, 3));
  EXPECT_NE(row(1, 2, 3), row(2, 2, 3));
  EXPECT_NE(row(1, 2, 3), row(1, 3, 3));
  EXPECT_NE(row(1, 2, 3), row(1, 2, 4));
}

TEST(FormatMix, NamesInAnyCaseAndRefusals) {
  EXPECT_EQ(parse_format_mix("q8_0")->main, DType::kQ8_0);
  EXPECT_EQ(parse_format_mix("bf16")->more, DType::kBF16);
  EXPECT_EQ(parse_format_mix("Q4_K_m")->main, DType::kQ4_K);
  EXPECT_EQ(parse_format_mix("Q4_K_M")->more, DType::kQ6_K);
  for (const char* name : {"", "Q9_9", "I32", "INT4", "FP8"}) {
    const auto mix = parse_format_mix(name);
    ASSERT_FALSE(mix.has_value()) << name;
    EXPECT_NE(mix.error().message.find("Q4_K_M"), std::string::npos) << mix.error().message;
  }
}

std::vector<std::byte> tiny_image(const char* format, int threads, std::uint64_t seed) {
  WorkerPool pool(threads);
  const auto writer =
      make_random_model(*parse_model_shape("tiny,tied=0"), *parse_format_mix(format), pool, {seed});
  return writer->image();
}

TEST(RandomModel, TheSameSeedMakesTheSameFileOnAnyNumberOfThreads) {
  EXPECT_EQ(tiny_image("Q8_0", 1, 5), tiny_image("Q8_0", 3, 5));
  EXPECT_NE(tiny_image("Q8_0", 1, 5), tiny_image("Q8_0", 1, 6));
}

TEST(RandomModel, MixtureGivesMoreBitsToSomeLayersAndTheHead) {
  const auto image = tiny_image("Q4_K_M", 1, 1);
  const auto file = parse_gguf(image);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  std::map<std::string, DType> types;
  std::size_t elements = 0;
  for (const Tensor& tensor : file->tensors) types[tensor.name] = tensor.dtype, elements += tensor.elements();
  EXPECT_EQ(elements, parse_model_shape("tiny,tied=0")->parameters());
  EXPECT_EQ(types.at("blk.0.attn_v.weight"), DType::kQ4_K);
  EXPECT_EQ(types.at("blk.1.attn_v.weight"), DType::kQ6_K);
  EXPECT_EQ(types.at("blk.1.ffn_down.weight"), DType::kQ6_K);
  EXPECT_EQ(types.at("blk.1.ffn_up.weight"), DType::kQ4_K);
  EXPECT_EQ(types.at("output.weight"), DType::kQ6_K);
  EXPECT_EQ(types.at("token_embd.weight"), DType::kQ4_K);
  EXPECT_EQ(types.at("output_norm.weight"), DType::kF32);
}

TEST(RandomModel, RowsThatAreNoWholeBlocksAreRefusedByName) {
  WorkerPool pool(1);
  const auto writer =
      make_random_model(*parse_model_shape("tiny,hidden=96"), *parse_format_mix("Q4_K"), pool, {});
  ASSERT_FALSE(writer.has_value());
  EXPECT_NE(writer.error().message.find("token_embd.weight"), std::string::npos) << writer.error().message;
  EXPECT_NE(writer.error().message.find("Q4_K"), std::string::npos) << writer.error().message;
}

}  // namespace
}  // namespace loci
