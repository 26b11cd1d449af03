#include "text/tokenizer_to_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "testing/paths.h"
#include "text/tokenizer_folder.h"
#include "text/tokenizer_gguf.h"

namespace loci {
namespace {

using ::testing::HasSubstr;

/// The folder's files, and the tokenizer that GGUF makes of them.
struct Converted {
  TokenizerFiles files;
  std::unique_ptr<Tokenizer> original, written;
  std::string model, pre;
};

Result<Converted> convert(const std::filesystem::path& path, int vocab_size = 0) {
  Converted converted;
  if (std::filesystem::is_directory(path)) {
    LOCI_TRY(converted.files, TokenizerFiles::read(path));
  } else {
    converted.files.vocabulary.push_back({"tokenizer.json", read_text_file(path, 1 << 26).value()});
  }
  LOCI_TRY(converted.original, tokenizer_from_files(converted.files));
  GgufWriter writer;
  LOCI_TRY_VOID(tokenizer_to_gguf(converted.files, vocab_size, writer));
  const std::vector<std::byte> image = writer.image();
  LOCI_TRY(const GgufFile file, parse_gguf(image));
  LOCI_TRY(converted.written, tokenizer_from_gguf(file.metadata));
  converted.model = file.metadata.get<std::string_view>("tokenizer.ggml.model").value();
  converted.pre = file.metadata.get_or<std::string_view>("tokenizer.ggml.pre", "").value();
  return converted;
}

void expect_same(const Converted& converted) {
  const auto text = testing::shared_data() / "eval" / "text" / "frankenstein.txt";
  if (!std::filesystem::exists(text)) return;
  const std::string book = read_text_file(text, 1 << 22).value().substr(0, 50000);
  EXPECT_EQ(converted.original->encode(book), converted.written->encode(book));
  const auto bos = converted.original->bos();
  EXPECT_TRUE(!bos || bos == converted.written->bos());
  EXPECT_EQ(converted.original->eos(), converted.written->eos());
  EXPECT_EQ(converted.original->encode(""), converted.written->encode(""));
  const std::vector<TokenId> ids = converted.original->encode("once upon a time");
  EXPECT_EQ(converted.original->decode(ids), converted.written->decode(ids));
}

TEST(TokenizerToGguf, ByteLevelFindsTheNameOfItsPreTokenizer) {
  const auto gpt2 = testing::shared_data() / "tokenizers" / "gpt2";
  SKIP_IF_ABSENT(gpt2);
  const auto converted = convert(gpt2);
  ASSERT_TRUE(converted.has_value()) << converted.error().message;
  EXPECT_EQ(converted->model, "gpt2");
  EXPECT_EQ(converted->pre, "gpt-2");
  expect_same(*converted);
}

TEST(TokenizerToGguf, SentencePieceAsMergesBecomesScores) {
  const auto path = testing::shared_data() / "models" / "stories260K" / "hf";
  SKIP_IF_ABSENT(path);
  const auto converted = convert(path);
  ASSERT_TRUE(converted.has_value()) << converted.error().message;
  EXPECT_EQ(converted->model, "llama");
  expect_same(*converted);
}

TEST(TokenizerToGguf, SentencePiecesOwnFile) {
  const auto path = testing::shared_data() / "tokenizers" / "llama2";
  SKIP_IF_ABSENT(path);
  const auto converted = convert(path, 32016);
  ASSERT_TRUE(converted.has_value()) << converted.error().message;
  EXPECT_EQ(converted->model, "llama");
  EXPECT_EQ(converted->written->vocab_size(), 32016);
  EXPECT_EQ(converted->written->piece(32010), "[PAD32010]");
  expect_same(*converted);
}

TEST(TokenizerToGguf, PatternsThatStandInTheFileComeFirst) {
  const auto converted = convert(testing::repository() / "tests" / "goldens" / "tokenizers" / "gpt4o.json");
  ASSERT_TRUE(converted.has_value()) << converted.error().message;
  EXPECT_EQ(converted->pre, "gpt-4o");
}

TEST(TokenizerToGguf, WhatGgufHasNoKeysForIsRefused) {
  const auto digits = testing::repository() / "tests" / "goldens" / "tokenizers" / "byte-digits.json";
  const auto refused = convert(digits);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("tokenizer.ggml.pre"));
}

}  // namespace
}  // namespace loci
