// Real vocabularies against the ids that their makers' tokenizers gave.
#include <gtest/gtest.h>
#include <sstream>

#include "text/open_tokenizer.h"
#include "text/test_files.h"

namespace loci {
namespace {

using test::ids_of;
using test::text_of;

struct Vector {
  std::string text;
  std::vector<TokenId> ids;
};

/// NAME.inp holds texts with a separator line between them, NAME.out one line of ids for each.
std::vector<Vector> ggml_vectors(const std::string& name) {
  const std::string base = "tokenizers/ggml-vocab/ggml-vocab-" + name + ".gguf";
  const std::string texts = test::read_data(base + ".inp");
  std::istringstream lines(test::read_data(base + ".out"));
  constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
  std::vector<Vector> vectors;
  std::size_t at = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = std::min(texts.find(kSeparator, at), texts.size());
    Vector vector{texts.substr(at, end - at), {}};
    std::istringstream numbers(line);
    for (TokenId id = 0; numbers >> id;) vector.ids.push_back(id);
    vectors.push_back(std::move(vector));
    at = std::min(end + kSeparator.size(), texts.size());
  }
  EXPECT_EQ(vectors.size(), 46u);
  return vectors;
}

void expect_vectors(const Tokenizer& tokenizer, const std::vector<Vector>& vectors) {
  for (const Vector& vector : vectors) {
    const auto ids =
        tokenizer.encode(vector.text, {.add_special_tokens = false, .parse_special_tokens = false});
    EXPECT_EQ(ids, vector.ids) << "text: '" << vector.text << "'";
    EXPECT_EQ(tokenizer.decode(ids), vector.text);
  }
}

class GgufVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufVectors, EncodeAsTheMakersTokenizer) {
  const std::string name = GetParam();
  LOCI_SKIP_WITHOUT_DATA("tokenizers/ggml-vocab");
  const auto tokenizer = test::load_gguf("tokenizers/ggml-vocab/ggml-vocab-" + name + ".gguf");
  ASSERT_NE(tokenizer, nullptr);
  expect_vectors(*tokenizer, ggml_vectors(name));
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GgufVectors,
                         ::testing::Values("llama-spm", "phi-3", "gpt-2", "falcon", "deepseek-llm",
                                           "deepseek-coder"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(TokenizerVectors, BertFromGguf) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/ggml-vocab");
  const auto tokenizer = test::load_gguf("tokenizers/ggml-vocab/ggml-vocab-bert-bge.gguf");
  ASSERT_NE(tokenizer, nullptr);
  for (const Vector& vector : ggml_vectors("bert-bge"))
    EXPECT_EQ(tokenizer->encode(vector.text, {.add_special_tokens = false}), vector.ids)
        << "text: '" << vector.text << "'";
  EXPECT_EQ(tokenizer->encode("Hello, w\u00F6rld"), (std::vector<TokenId>{101, 7592, 1010, 2088, 102}));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("Hello, embeddings")), "hello , embeddings");
}

TEST(TokenizerVectors, Gpt2FromTokenizerJson) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/gpt2/tokenizer.json");
  const auto tokenizer = test::load_json("tokenizers/gpt2/tokenizer.json");
  ASSERT_NE(tokenizer, nullptr);
  expect_vectors(*tokenizer, ggml_vectors("gpt-2"));
  EXPECT_EQ(tokenizer->encode("a<|endoftext|>b"), (std::vector<TokenId>{64, 50256, 65}));
}

TEST(TokenizerVectors, MistralV03) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/mistral-v0.3/tokenizer.json");
  const json::object config = {{"bos_token", "<s>"}, {"eos_token", {{"content", "</s>"}}}};
  const auto tokenizer = test::load_json("tokenizers/mistral-v0.3/tokenizer.json", config);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->eos(), 2);
  const json::value file = test::read_json("tokenizers/mistral-v0.3/encodings.json");
  const json::array& entries = file.at("entries").as_array();
  EXPECT_EQ(entries.size(), 45u);
  for (const json::value& entry : entries) {
    const std::string text = text_of(entry.at("text"));
    const auto ids = tokenizer->encode(text, {.add_special_tokens = false});
    EXPECT_EQ(ids, ids_of(entry.at("ids"))) << "text: '" << text << "'";
    EXPECT_EQ(tokenizer->encode(text), ids_of(entry.at("ids_special"))) << "text: '" << text << "'";
    EXPECT_EQ(tokenizer->decode(ids, false), text_of(entry.at("decode")));
  }
}

/// DeepSeek-LLM added thirteen letters to its vocabulary, DeepSeek-V2 did not; else the two are the same.
bool has_added_letter(const Tokenizer& tokenizer, const std::string& text) {
  for (TokenId id = 100002; id <= 100014; ++id)
    if (text.find(tokenizer.piece(id)) != std::string::npos) return true;
  return false;
}

TEST(TokenizerVectors, DeepseekV2) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/deepseek-v2/encodings.json");
  const auto tokenizer = test::load_gguf("tokenizers/ggml-vocab/ggml-vocab-deepseek-llm.gguf");
  ASSERT_NE(tokenizer, nullptr);
  const json::value file = test::read_json("tokenizers/deepseek-v2/encodings.json");
  int compared = 0;
  for (const json::value& entry : file.at("entries").as_array()) {
    const std::string text = text_of(entry.at("text"));
    EXPECT_EQ(tokenizer->decode(ids_of(entry.at("ids"))), text);
    if (has_added_letter(*tokenizer, text)) continue;
    EXPECT_EQ(tokenizer->encode(text, {.add_special_tokens = false}), ids_of(entry.at("ids")))
        << "text: '" << text << "'";
    ++compared;
  }
  EXPECT_GE(compared, 90);
}

TEST(TokenizerVectors, Llama3) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/llama3/vocab.bpe");
  for (const char* name : {"tokenizers/llama3", "tokenizers/llama3/vocab.bpe"}) {
    const auto tokenizer = open_tokenizer(test::data_path(name));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    expect_vectors(**tokenizer, ggml_vectors("llama-bpe"));
    EXPECT_EQ((*tokenizer)->encode("<|eot_id|>", {.add_special_tokens = false}),
              (std::vector<TokenId>{128009}));
  }
}

TEST(TokenizerVectors, Qwen2) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/qwen2/qwen.tiktoken");
  const auto tokenizer = open_tokenizer(test::data_path("tokenizers/qwen2/qwen.tiktoken"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  for (const char* name : {"qwen2", "deepseek-r1-qwen"}) expect_vectors(**tokenizer, ggml_vectors(name));
}

TEST(TokenizerVectors, Llama2FromSentencePiece) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/llama2/tokenizer.model");
  const auto tokenizer = open_tokenizer(test::data_path("tokenizers/llama2/tokenizer.model"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  expect_vectors(**tokenizer, ggml_vectors("llama-spm"));
  EXPECT_EQ((*tokenizer)->encode("Hello"), (std::vector<TokenId>{1, 15043}));
}

TEST(TokenizerVectors, Gpt2FromRanks) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/tiktoken/r50k_base.tiktoken");
  const auto tokenizer = open_tokenizer(test::data_path("tokenizers/tiktoken/r50k_base.tiktoken"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  expect_vectors(**tokenizer, ggml_vectors("gpt-2"));
}

TEST(TokenizerVectors, Stories260kIsTheSameInBothFormats) {
  LOCI_SKIP_WITHOUT_DATA("models/stories260K/hf/tokenizer.json");
  const json::value config = test::read_json("models/stories260K/hf/tokenizer_config.json");
  const json::value model_config = test::read_json("models/stories260K/hf/config.json");
  const auto hf =
      test::load_json("models/stories260K/hf/tokenizer.json", config.as_object(), model_config.as_object());
  const auto gguf = test::load_gguf("models/stories260K/stories260K-f32.gguf");
  ASSERT_TRUE(hf != nullptr && gguf != nullptr);
  const json::value golden = test::read_json("models/stories260K/golden.json");
  for (const json::value& entry : golden.at("cases").as_array()) {
    const std::string prompt = text_of(entry.at("prompt"));
    EXPECT_EQ(hf->encode(prompt), ids_of(entry.at("prompt_ids"))) << prompt;
    EXPECT_EQ(gguf->encode(prompt), ids_of(entry.at("prompt_ids"))) << prompt;
  }
  for (const Vector& vector : ggml_vectors("llama-spm"))
    EXPECT_EQ(hf->encode(vector.text), gguf->encode(vector.text));
  for (const auto* tokenizer : {hf.get(), gguf.get()}) {
    EXPECT_EQ(tokenizer->vocab_size(), 512);
    EXPECT_EQ(tokenizer->bos(), 1);
    EXPECT_EQ(tokenizer->eos(), 2);
    EXPECT_TRUE(tokenizer->adds_bos());
    EXPECT_TRUE(tokenizer->strips_leading_space());
    EXPECT_EQ(tokenizer->kind(1), TokenKind::kSpecial);
    EXPECT_EQ(tokenizer->piece(13), "<0x0A>");
    EXPECT_EQ(tokenizer->kind(13), TokenKind::kByte);
    EXPECT_EQ(tokenizer->token_bytes(13), "\n");
    EXPECT_EQ(tokenizer->token_bytes(512), "");
    EXPECT_EQ(tokenizer->token_bytes(-1), "");
    EXPECT_EQ(tokenizer->token_bytes(*tokenizer->find("▁the")), " the");
  }
}

TEST(TokenizerVectors, CheckpointsLeadToTheSameTokenizer) {
  for (const char* name : {"models/stories260K/hf", "models/stories260K/stories260K-f32.gguf"}) {
    LOCI_SKIP_WITHOUT_DATA(name);
    const auto checkpoint = Checkpoint::open(test::data_path(name));
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    const auto tokenizer = load_tokenizer(*checkpoint);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    EXPECT_EQ((*tokenizer)->encode("Once upon a time"), (std::vector<TokenId>{1, 403, 407, 261, 378}))
        << name;
    EXPECT_EQ((*tokenizer)->eos(), 2) << name;
  }
}

TEST(TokenizerVectors, CharacterVocabularyIsTheSameInBothFormats) {
  LOCI_SKIP_WITHOUT_DATA("models/babyllama-tok105/hf/tokenizer.json");
  const auto hf = test::load_json("models/babyllama-tok105/hf/tokenizer.json");
  const auto gguf = test::load_gguf("models/babyllama-tok105/babyllama-tok105-f32.gguf");
  ASSERT_TRUE(hf != nullptr && gguf != nullptr);
  for (const char* text : {"Once upon a time", "", " a  b", "日本 x 日", "naïve\n"})
    EXPECT_EQ(hf->encode(text), gguf->encode(text));
}

TEST(TokenizerVectors, TinyStories8k) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/tinystories-bpe-8k/tokenizer.json");
  const json::value config = test::read_json("tokenizers/tinystories-bpe-8k/tokenizer_config.json");
  const auto tokenizer = test::load_json("tokenizers/tinystories-bpe-8k/tokenizer.json", config.as_object());
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->bos(), 8190);
  EXPECT_EQ(tokenizer->eos(), 8189);
  EXPECT_FALSE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("Once upon a time<eos>")), "Once upon a time");
}

}  // namespace
}  // namespace loci
