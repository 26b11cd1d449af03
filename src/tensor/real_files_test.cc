// Models and vocabularies made by other programs. They lie outside the repository; without them these tests
// skip.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tensor/checkpoint.h"
#include "tensor/safetensors.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

class RealFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(data_)) GTEST_SKIP() << "no shared data beside the repository";
  }
  const fs::path data_ = fs::path(LOCI_SOURCE_DIR) / "../shared/data";
};

TEST_F(RealFiles, Stories260KIsTheSameInBothFormats) {
  const auto gguf = Checkpoint::open(data_ / "models/stories260K/stories260K-f32.gguf");
  ASSERT_TRUE(gguf) << gguf.error().message;
  const auto hf = Checkpoint::open(data_ / "models/stories260K/hf/");
  ASSERT_TRUE(hf) << hf.error().message;
  EXPECT_EQ(gguf->name(), "stories260K-f32");
  EXPECT_EQ(hf->name(), "hf");
  EXPECT_EQ(gguf->gguf().get<std::string_view>("general.architecture"), "llama");
  EXPECT_EQ(gguf->gguf().get<std::int64_t>("llama.block_count"), 5);
  EXPECT_EQ(gguf->gguf().array<std::string_view>("tokenizer.ggml.tokens")->size(), 512u);
  EXPECT_EQ(hf->hf_config().at("num_hidden_layers"), 5);
  EXPECT_NE(hf->tokenizer_files().find("tokenizer.json"), nullptr);
  constexpr std::pair<const char*, const char*> kSame[] = {
      {"token_embd.weight", "model.embed_tokens.weight"},
      {"output_norm.weight", "model.norm.weight"},
      {"blk.0.attn_v.weight", "model.layers.0.self_attn.v_proj.weight"},
      {"blk.4.attn_output.weight", "model.layers.4.self_attn.o_proj.weight"},
      {"blk.3.ffn_down.weight", "model.layers.3.mlp.down_proj.weight"},
      {"blk.1.ffn_gate.weight", "model.layers.1.mlp.gate_proj.weight"},
      {"blk.2.ffn_norm.weight", "model.layers.2.post_attention_layernorm.weight"},
  };
  for (const auto& [gguf_name, hf_name] : kSame) {
    const Tensor *left = gguf->find(gguf_name), *right = hf->find(hf_name);
    ASSERT_TRUE(left && right) << gguf_name;
    EXPECT_EQ(left->shape, right->shape) << gguf_name;
    EXPECT_TRUE(std::ranges::equal(left->bytes, right->bytes)) << gguf_name;
  }
}

TEST_F(RealFiles, OtherModelsOpen) {
  for (const char* path : {"babyllama-tok105", "llama-2-tiny-random"})
    for (const auto& entry : fs::recursive_directory_iterator(data_ / "models" / path)) {
      if (entry.path().extension() != ".gguf") continue;
      const auto checkpoint = Checkpoint::open(entry.path());
      ASSERT_TRUE(checkpoint) << checkpoint.error().message;
      EXPECT_GT(checkpoint->weight_bytes(), 0u);
    }
  EXPECT_TRUE(Checkpoint::open(data_ / "models/babyllama-tok105/hf"));
}

TEST_F(RealFiles, VocabulariesAreGgufsWithoutTensors) {
  int read = 0;
  for (const auto& entry : fs::directory_iterator(data_ / "tokenizers/ggml-vocab")) {
    if (entry.path().extension() != ".gguf") continue;
    const auto checkpoint = Checkpoint::open(entry.path());
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_TRUE(checkpoint->tensors().empty());
    EXPECT_GT(checkpoint->gguf().array<std::string_view>("tokenizer.ggml.tokens")->size(), 1000u);
    ++read;
  }
  EXPECT_GE(read, 8);
}

TEST_F(RealFiles, StaticEmbeddingsShowWhichTypesAreRead) {
  const auto types = [&](const char* folder) -> std::string {
    const auto file = MappedFile::open(data_ / "models/static-embedding" / folder / "model.safetensors");
    if (!file) return file.error().message;
    const auto tensors = parse_safetensors(file->bytes());
    return tensors ? std::string(traits(tensors->front().dtype).name) : tensors.error().message;
  };
  EXPECT_EQ(types("float32"), "F32");
  EXPECT_EQ(types("float16"), "F16");
  EXPECT_EQ(types("int8"), "I8");
  EXPECT_EQ(types("vocab-quantized"), "F64");
}

}  // namespace
}  // namespace loci
