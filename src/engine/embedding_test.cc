// Embeddings through the live engine: the same bits alone, in company and in any chunks; a
// real encoder against sentence-transformers' numbers; refusals.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "engine/embedding_defaults.h"
#include "engine/engine.h"
#include "engine/live_engine.h"
#include "engine/loaded_model.h"
#include "testing/paths.h"

namespace loci {
namespace {

Request embedding_of(std::vector<TokenId> prompt, Pooling pooling) {
  Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = 0;
  request.pooling = pooling;
  return request;
}

/// The vectors of all prompts, submitted at once.
std::vector<std::vector<float>> embed(LiveEngine& engine, const std::vector<std::vector<TokenId>>& prompts,
                                      Pooling pooling) {
  std::vector<std::promise<std::vector<float>>> promises(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto id = engine.submit(embedding_of(prompts[i], pooling), [&promises, i](Event&& event) {
      if (event.last) promises[i].set_value(std::move(event.embedding));
    });
    EXPECT_TRUE(id.has_value()) << id.error().message;
    if (!id) promises[i].set_value({});
  }
  std::vector<std::vector<float>> vectors;
  for (auto& promise : promises) vectors.push_back(promise.get_future().get());
  return vectors;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return dot / std::sqrt(aa * bb);
}

class FirstLawEmbeddings : public ::testing::TestWithParam<Pooling> {};

TEST_P(FirstLawEmbeddings, CompanyAndChunksChangeNoBit) {
  static const LoadedModel model = LoadedModel::load({}, {}).value();
  std::vector<std::vector<TokenId>> prompts;
  std::string text;
  for (int i = 0; i < 12; ++i) {
    text += " The king went into the forest and found door number " + std::to_string(i) + ".";
    prompts.push_back(model.tokenizer().encode(text.substr(static_cast<std::size_t>(7 * i))));
  }
  std::vector<std::vector<float>> alone;
  {
    const auto engine = LiveEngine::start(model, {.max_model_len = 256, .threads = 1}).value();
    for (const auto& prompt : prompts) alone.push_back(embed(*engine, {prompt}, GetParam())[0]);
  }
  EngineConfig configs[4];
  configs[1].max_num_batched_tokens = 7;
  configs[2].max_num_batched_tokens = 64;
  configs[2].block_size = 5;
  configs[3].kv_cache_memory = 720 * 1024;  // two or three of them at a time
  for (EngineConfig& config : configs) {
    config.max_model_len = 256;
    config.threads = 2;
    const auto engine = LiveEngine::start(model, config).value();
    const auto together = embed(*engine, prompts, GetParam());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      ASSERT_EQ(together[i].size(), static_cast<std::size_t>(model.model().spec().hidden_size));
      ASSERT_EQ(std::memcmp(together[i].data(), alone[i].data(), alone[i].size() * sizeof(float)), 0)
          << "prompt " << i << ", budget " << config.max_num_batched_tokens;
    }
    EXPECT_EQ(engine->stats().kv_blocks_used, 0);
  }
  for (const auto& vector : alone) EXPECT_NEAR(cosine(vector, vector), 1, 1e-6);
}
INSTANTIATE_TEST_SUITE_P(All, FirstLawEmbeddings,
                         ::testing::Values(Pooling::kMean, Pooling::kCls, Pooling::kLast));

TEST(Embeddings, PoolersDiffer) {
  const LoadedModel model = LoadedModel::load({}, {}).value();
  const auto engine = LiveEngine::start(model, {.max_model_len = 128, .threads = 1}).value();
  const std::vector<std::vector<TokenId>> prompt{model.tokenizer().encode("once upon a time")};
  const auto mean = embed(*engine, prompt, Pooling::kMean), last = embed(*engine, prompt, Pooling::kLast);
  EXPECT_LT(cosine(mean[0], last[0]), 0.999);
}

TEST(Embeddings, TooLongIsRefusedWithBothNumbers) {
  const LoadedModel model = LoadedModel::load({}, {}).value();
  const auto engine = LiveEngine::start(model, {.max_model_len = 16, .threads = 1}).value();
  const auto refused =
      engine->submit(embedding_of(std::vector<TokenId>(17, 5), Pooling::kMean), [](Event&&) {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("17 tokens, more than the context of 16"), std::string::npos);
}

/// A folder of a sentence transformer with these two files: what is read of it, or the error.
std::string pooling_of(std::string_view pooling, std::string_view modules) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("loci-pooling-{}", ::getpid());
  std::filesystem::create_directories(folder / "1_Pooling");
  std::ofstream(folder / "config.json") << "{}";
  std::ofstream(folder / "model.safetensors") << std::string("\2\0\0\0\0\0\0\0{}", 10);
  std::ofstream(folder / "1_Pooling/config.json") << pooling;
  std::ofstream(folder / "modules.json") << modules;
  const auto checkpoint = Checkpoint::open(folder);
  std::filesystem::remove_all(folder);
  if (!checkpoint) return checkpoint.error().message;
  const auto defaults = read_embedding_defaults(*checkpoint);
  if (!defaults) return defaults.error().message;
  return defaults->pooling == Pooling::kMean ? "mean" : defaults->pooling == Pooling::kCls ? "cls" : "last";
}

TEST(Embeddings, WhatASentenceTransformerSays) {
  constexpr const char* kModules = R"([{"type": "sentence_transformers.models.Transformer"},
      {"type": "sentence_transformers.models.Pooling"}, {"type": "sentence_transformers.models.Normalize"}])";
  EXPECT_EQ(pooling_of(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})", kModules),
            "cls");
  EXPECT_EQ(pooling_of(R"({"pooling_mode_lasttoken": true})", "[]"), "last");
  const auto refused = [](const char* pooling, const char* modules, const char* what) {
    const std::string error = pooling_of(pooling, modules);
    EXPECT_NE(error.find(what), std::string::npos) << error;
  };
  refused(R"({"pooling_mode_max_tokens": true})", kModules, "pooling_mode_max_tokens");
  refused(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})", kModules,
          "several poolings");
  refused("{}", R"([{"type": "sentence_transformers.models.Dense"}])", "models.Dense");
  refused("{}", R"([{"path": "2_Dense"}])", "modules.json");
  refused("{}", R"({"type": "Transformer"})", "not a JSON array");
}

TEST(Embeddings, AModelThatDoesNotWriteSaysWhy) {
  Request text;
  text.prompt = {1};
  EngineLimits limits{64, {}, 4, 16, true, false};
  const auto refusal = [&] { return validate(text, limits, 8).error().message; };
  EXPECT_EQ(refusal(),
            "this model has no language-modeling head: it gives embeddings (/v1/embeddings), not text");
  limits.causal = false;
  EXPECT_EQ(refusal(), "this model is an encoder: it gives embeddings (/v1/embeddings), not text");
}

/// all-MiniLM-L6-v2, where somebody has put it: build/minilm.
TEST(Embeddings, MiniLmAgreesWithSentenceTransformers) {
  const auto folder = testing::repository() / "build" / "minilm";
  SKIP_IF_ABSENT(folder);
  const LoadedModel model = LoadedModel::load(folder, {}).value();
  const auto engine = LiveEngine::start(model, {}).value();
  const auto golden_path = testing::repository() / "tests/goldens/real/minilm.json";
  const json::value golden = parse_json(*read_text_file(golden_path, 1 << 20)).value();
  const auto binary = MappedFile::open(golden_path.parent_path() / "minilm.bin").value();
  std::vector<std::vector<TokenId>> prompts;
  std::vector<std::vector<float>> want;
  for (const json::value& prompt : golden.at("prompts").as_array()) {
    prompts.push_back(model.encode_for_embedding(std::string_view(prompt.at("text").as_string())));
    std::vector<TokenId> ids;
    for (const json::value& id : prompt.at("ids").as_array())
      ids.push_back(static_cast<TokenId>(id.as_int64()));
    EXPECT_EQ(prompts.back(), ids) << prompt.at("text").as_string();
    auto& vector = want.emplace_back(384);
    const auto offset = static_cast<std::size_t>(prompt.at("embedding").at("offset").as_int64());
    std::memcpy(vector.data(), binary.bytes().subspan(offset, vector.size() * sizeof(float)).data(),
                vector.size() * sizeof(float));
  }
  const auto got = embed(*engine, prompts, model.embedding_defaults().pooling);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_GT(cosine(got[i], want[i]), 0.99999) << i;
  Request text;
  text.prompt = prompts[0];
  const auto refused = engine->submit(std::move(text), [](Event&&) {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("encoder"), std::string::npos);
}

}  // namespace
}  // namespace loci
