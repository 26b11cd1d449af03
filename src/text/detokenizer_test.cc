#include "text/detokenizer.h"

#include <gtest/gtest.h>
#include <random>

#include "text/test_files.h"
#include "text/utf8.h"

namespace loci {
namespace {

std::string stream(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                   Detokenizer::Options options) {
  Detokenizer detokenizer(tokenizer, options);
  std::string text;
  for (const TokenId id : ids) {
    const std::string piece = detokenizer.push(id);
    EXPECT_TRUE(is_valid_utf8(piece));
    text += piece;
  }
  return text + detokenizer.flush();
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kParts = {"a",  "the", " ",    "  ",     "\n",  "\t",
                                                  "'s", "3",   "é",    "日",     "😀",  "👩‍🚀",
                                                  "ß",  ".",   "नमस्ते", "\u00a0", " in", "\x01"};
  std::string text;
  for (std::size_t count = random() % 20; count > 0; --count) text += kParts[random() % kParts.size()];
  return text;
}

/// Both byte-level and SentencePiece.
class Detokenizers : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    SKIP_IF_ABSENT(test::data_path(GetParam()));
    tokenizer_ = test::load_gguf(GetParam());
    ASSERT_NE(tokenizer_, nullptr);
  }
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_P(Detokenizers, RandomTextComesBack) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random);
    const auto ids = tokenizer_->encode(text, {.parse_special_tokens = false});
    ASSERT_EQ(tokenizer_->decode(ids), text);
    ASSERT_EQ(stream(*tokenizer_, ids, {}), text);
  }
}

TEST_P(Detokenizers, RandomTokensStreamAsTheyDecode) {
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    std::vector<TokenId> ids(random() % 12);
    for (TokenId& id : ids)
      id = static_cast<TokenId>(random() % static_cast<unsigned>(tokenizer_->vocab_size() + 2)) - 1;
    for (TokenId& id : ids)  // low ids are bytes in both vocabularies, mostly not UTF-8 when put together
      if (random() % 2 == 0) id %= 260;
    std::string bytes;
    for (const TokenId id : ids) bytes += tokenizer_->token_bytes(id);
    if (tokenizer_->strips_leading_space() && bytes.starts_with(' ')) bytes.erase(0, 1);
    ASSERT_EQ(tokenizer_->decode(ids, false), to_valid_utf8(bytes));
    ASSERT_EQ(stream(*tokenizer_, ids, {.skip_special = false}), to_valid_utf8(bytes));
    ASSERT_EQ(stream(*tokenizer_, ids, {}), tokenizer_->decode(ids));
  }
}

TEST_P(Detokenizers, SplitEmojiWaitsForItsLastByte) {
  // Neither vocabulary has U+1FAE8 as a token.
  const auto ids = tokenizer_->encode("x\U0001FAE8", {.add_special_tokens = false});
  Detokenizer detokenizer(*tokenizer_, {});
  std::string text;
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) text += detokenizer.push(ids[i]);
  EXPECT_EQ(text, "x");
  Detokenizer cut = detokenizer;
  EXPECT_EQ(cut.flush(), kReplacementCharacter);
  EXPECT_EQ(cut.flush(), "");
  EXPECT_EQ(detokenizer.push(ids.back()), "\U0001FAE8");
  EXPECT_EQ(detokenizer.flush(), "");
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, Detokenizers,
                         ::testing::Values("tokenizers/ggml-vocab/ggml-vocab-gpt-2.gguf",
                                           "tokenizers/ggml-vocab/ggml-vocab-llama-spm.gguf"),
                         [](const auto& test) { return "vocabulary" + std::to_string(test.index); });

TEST(Detokenizer, LeadingSpaceStaysWhereTheTextContinues) {
  LOCI_SKIP_WITHOUT_DATA("models/stories260K/stories260K-f32.gguf");
  const auto tokenizer = test::load_gguf("models/stories260K/stories260K-f32.gguf");
  ASSERT_NE(tokenizer, nullptr);
  const auto ids = tokenizer->encode("Once upon");
  EXPECT_EQ(stream(*tokenizer, ids, {}), "Once upon");
  EXPECT_EQ(stream(*tokenizer, ids, {.continues_text = true}), " Once upon");
  EXPECT_EQ(stream(*tokenizer, ids, {.skip_special = false}), "<s> Once upon");
}

}  // namespace
}  // namespace loci
