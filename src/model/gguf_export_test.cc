// A folder written as GGUF computes what the folder does: every golden of an architecture that GGUF has.
#include "model/gguf_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "model/testing/golden.h"

namespace loci {
namespace {

using ::testing::HasSubstr;
using testing::Runner;

std::vector<std::filesystem::path> golden_folders() {
  std::vector<std::filesystem::path> folders;
  for (const char* index : {"tests/goldens/index.json", "tests/goldens/families/index.json"}) {
    const json::value file = parse_json(*read_text_file(testing::repository() / index, 1 << 20)).value();
    for (const json::value& entry : file.at("models").as_array()) {
      const auto path = testing::repository() / std::string(entry.at("checkpoint").as_string());
      if (std::filesystem::exists(path / "config.json")) folders.push_back(path);
    }
  }
  return folders;
}

/// The folder as a GGUF image with float matrices.
Result<std::vector<std::byte>> exported(const Checkpoint& checkpoint, WorkerPool& pool) {
  GgufWriter writer;
  LOCI_TRY(GgufExport made, export_to_gguf(checkpoint, writer));
  QuantizeOptions options{.mixture = parse_mixture("F32").value()};
  LOCI_TRY_VOID(quantize_model(checkpoint, made.tensors, options, made.heads_per_values, pool, writer));
  return writer.image();
}

std::vector<float> logits_of(const Checkpoint& checkpoint, WorkerPool& pool) {
  const auto model =
      Model::load(checkpoint, {.arithmetic = Arithmetic::kFloat32, .served_context = 64}, pool);
  EXPECT_TRUE(model.has_value()) << model.error().message;
  if (!model) return {};
  std::vector<TokenId> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back((i * 37 + 11) % (*model)->spec().vocab_size);
  Runner runner(**model, *kernels::ops_for(kernels::Isa::kReference));
  const auto logits = runner.feed(tokens);
  return {logits.begin(), logits.end()};
}

TEST(GgufExport, WhatIsWrittenComputesTheSame) {
  WorkerPool pool(2);
  std::set<std::string> architectures;
  int compared = 0;
  for (const auto& folder : golden_folders()) {
    const auto checkpoint = Checkpoint::open(folder);
    ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
    const auto image = exported(*checkpoint, pool);
    if (!image) {
      EXPECT_EQ(image.error().code, ErrorCode::kUnsupported) << folder << ": " << image.error().message;
      continue;
    }
    const auto written = Checkpoint::from_gguf_image(*image, "written");
    ASSERT_TRUE(written.has_value()) << folder << ": " << written.error().message;
    if (const auto same = check_same_model(*checkpoint, *written); !same) {
      EXPECT_EQ(same.error().code, ErrorCode::kUnsupported);
      std::printf("refused: %s: %s\n", folder.filename().c_str(), same.error().message.c_str());
      continue;
    }
    const std::vector<float> expected = logits_of(*checkpoint, pool), got = logits_of(*written, pool);
    ASSERT_EQ(expected.size(), got.size()) << folder;
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      worst = std::max(worst, std::abs(double{expected[i]} - got[i]));
      largest = std::max(largest, std::abs(double{expected[i]}));
    }
    EXPECT_LT(worst, 1e-5 * largest) << folder;
    architectures.insert(std::string(written->gguf().get<std::string_view>("general.architecture").value()));
    ++compared;
  }
  EXPECT_THAT(architectures, ::testing::IsSupersetOf({"llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3",
                                                      "granite", "olmo2", "phi3"}));
  EXPECT_GE(compared, 14);
}

TEST(GgufExport, ArchitecturesWithoutAGgufNameAreRefusedByName) {
  const auto checkpoint = Checkpoint::open(testing::repository() / "tests/goldens/families/opt");
  ASSERT_TRUE(checkpoint.has_value());
  GgufWriter writer;
  const auto refused = export_to_gguf(*checkpoint, writer);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("'OPTForCausalLM'"));
  EXPECT_THAT(refused.error().message, HasSubstr("LlamaForCausalLM"));
}

}  // namespace
}  // namespace loci
