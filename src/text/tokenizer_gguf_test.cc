#include "text/tokenizer_gguf.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "tensor/gguf_writer.h"
#include "text/test_files.h"

namespace loci {
namespace {

using Ids = std::vector<TokenId>;
using Strings = std::vector<std::string_view>;
using Numbers = std::vector<std::int64_t>;
using Scores = std::vector<double>;

constexpr EncodeOptions kBare{.add_special_tokens = false};

/// "a" to "d", a few merges; tests change one key of it.
GgufWriter byte_level() {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", "gpt2");
  writer.set("tokenizer.ggml.pre", "gpt-2");
  writer.set("tokenizer.ggml.tokens", Strings{"a", "b", "Ġ", "ab", "Ġab", "<e>", "user", "1"});
  writer.set("tokenizer.ggml.token_type", Numbers{1, 1, 1, 1, 1, 3, 4, 1});
  writer.set("tokenizer.ggml.merges", Strings{"a b", "Ġ ab"});
  writer.set("tokenizer.ggml.eos_token_id", std::int64_t{5});
  return writer;
}

GgufWriter sentencepiece() {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", "llama");
  writer.set("tokenizer.ggml.tokens",
             Strings{"<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁a", "aa", "<0xC3>", "<0xA9>"});
  writer.set("tokenizer.ggml.token_type", Numbers{2, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6});
  writer.set("tokenizer.ggml.scores", Scores{0, 0, 0, -9, -9, -9, -1, -2, -2, 0, 0});
  return writer;
}

Result<std::unique_ptr<Tokenizer>> load(const GgufWriter& writer) {
  const std::vector<std::byte> image = writer.image();
  LOCI_TRY(const GgufFile file, parse_gguf(image));
  return tokenizer_from_gguf(file.metadata);  // which copies what it keeps
}

std::unique_ptr<Tokenizer> make(const GgufWriter& writer) {
  auto tokenizer = load(writer);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

TEST(TokenizerGguf, ByteLevel) {
  const auto tokenizer = make(byte_level());
  EXPECT_EQ(tokenizer->encode("ab ab<e>"), (Ids{3, 4, 5}));
  EXPECT_EQ(tokenizer->encode("auser", {.parse_special_tokens = false}), (Ids{0, 6}));
  EXPECT_EQ(tokenizer->encode("<e>", {.parse_special_tokens = false}), (Ids{}))
      << "bytes without a token are dropped";
  EXPECT_EQ(tokenizer->decode(Ids{4, 5, 6}), " abuser");
  EXPECT_EQ(tokenizer->kind(5), TokenKind::kSpecial);
  EXPECT_EQ(tokenizer->kind(6), TokenKind::kText);
  EXPECT_EQ(tokenizer->eos(), 5);
  EXPECT_EQ(tokenizer->bos(), std::nullopt);
  EXPECT_FALSE(tokenizer->adds_bos());
  EXPECT_FALSE(tokenizer->strips_leading_space());
}

// Files whose merges name tokens that are not there are around; llama.cpp loads them.
TEST(TokenizerGguf, MergesThatCannotHappenAreLeftOut) {
  GgufWriter writer = byte_level();
  writer.set("tokenizer.ggml.merges", Strings{"a q", "b a", "a b", "Ġ ab"});
  EXPECT_EQ(make(writer)->encode("ab ab"), (Ids{3, 4}));
}

TEST(TokenizerGguf, NamedPreTokenizerDecidesOnBos) {
  GgufWriter writer = byte_level();
  writer.set("tokenizer.ggml.bos_token_id", std::int64_t{5});
  EXPECT_FALSE(make(writer)->adds_bos());
  writer.set("tokenizer.ggml.pre", "llama-bpe");
  EXPECT_EQ(make(writer)->encode("a"), (Ids{5, 0}));
  writer.set("tokenizer.ggml.add_bos_token", false);
  writer.set("tokenizer.ggml.add_eos_token", true);
  EXPECT_EQ(make(writer)->encode("a"), (Ids{0, 5}));
}

TEST(TokenizerGguf, EveryNamedPreTokenizerWorks) {
  for (const char* name : {"default",      "gpt-2",
                           "llama-bpe",    "llama3",
                           "llama-v3",     "qwen2",
                           "deepseek-llm", "deepseek-coder",
                           "deepseek-v3",  "falcon",
                           "starcoder",    "refact",
                           "command-r",    "mpt",
                           "olmo",         "dbrx",
                           "smaug-bpe",    "stablelm2",
                           "tekken",       "gpt-4o",
                           "smollm",       "deepseek-r1-qwen",
                           "phi-2",        "exaone4",
                           "mellum",       "falcon3",
                           "pixtral",      "glm4",
                           "chatglm-bpe",  "exaone",
                           "bloom",        "gpt3-finnish",
                           "poro-chat",    "viking"}) {
    GgufWriter writer = byte_level();
    writer.set("tokenizer.ggml.pre", name);
    const auto tokenizer = make(writer);
    ASSERT_NE(tokenizer, nullptr) << name;
    EXPECT_EQ(tokenizer->encode("ab ab11", kBare), (Ids{3, 4, 7, 7})) << name;
  }
}

TEST(TokenizerGguf, BloomCutsAtMarksAlone) {
  GgufWriter writer = byte_level();
  writer.set("tokenizer.ggml.tokens", Strings{"a", "1", ",", "a1", "a,"});
  writer.set("tokenizer.ggml.token_type", Numbers{1, 1, 1, 1, 1});
  writer.set("tokenizer.ggml.merges", Strings{"a 1", "a ,"});
  writer.set("tokenizer.ggml.eos_token_id", std::int64_t{1});
  const auto ids = [&](const char* pre) {
    writer.set("tokenizer.ggml.pre", pre);
    return make(writer)->encode("a1a,", kBare);
  };
  EXPECT_EQ(ids("bloom"), (Ids{3, 0, 2}));
  EXPECT_EQ(ids("viking"), (Ids{0, 1, 0, 2})) << "and at digits";
}

TEST(TokenizerGguf, SentencePieceMergesByScoreThenFromTheLeft) {
  const auto tokenizer = make(sentencepiece());
  EXPECT_EQ(tokenizer->encode("ab"), (Ids{1, 3, 6})) << "'ab' before '▁a'";
  EXPECT_EQ(tokenizer->encode("aa", kBare), (Ids{7, 4})) << "equal scores: '▁a' is to the left of 'aa'";
  EXPECT_EQ(tokenizer->encode("é日日", kBare), (Ids{3, 9, 10, 0}));
  EXPECT_EQ(tokenizer->encode("a</s>a", kBare), (Ids{7, 2, 7})) << "each stretch gets its space";
  EXPECT_EQ(tokenizer->encode("", kBare), (Ids{}));
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->eos(), 2);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->decode(Ids{1, 7, 9, 10}), "aé");
}

TEST(TokenizerGguf, SentencePieceWithoutPrefix) {
  GgufWriter writer = sentencepiece();
  writer.set("tokenizer.ggml.add_space_prefix", false);
  const auto tokenizer = make(writer);
  EXPECT_EQ(tokenizer->encode("aa", kBare), (Ids{8}));
  EXPECT_EQ(tokenizer->decode(Ids{7}), " a");
}

struct Bad {
  const char* name;
  GgufWriter (*base)();
  void (*spoil)(GgufWriter& writer);
  ErrorCode code;
  const char* message;
};

const Bad kBad[] = {
    {"Model", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.model", "rwkv"); },
     ErrorCode::kUnsupported, "tokenizer.ggml.model: 'rwkv'"},
    {"ModelType", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.model", std::int64_t{1}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.model"},
    {"Pre", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.pre", "x\ny"); }, ErrorCode::kUnsupported,
     "tokenizer.ggml.pre: 'x?y'"},
    {"Tokens", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.tokens", Numbers{1}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.tokens: missing, empty, or not strings"},
    {"NoTokens", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.tokens", Strings{}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.tokens"},
    {"NotUtf8", sentencepiece,
     [](GgufWriter& w) { w.set("tokenizer.ggml.tokens", Strings{"a", "\xE2\x96"}); }, ErrorCode::kCorrupt,
     "tokenizer.ggml.tokens[1]: not UTF-8"},
    {"FewTypes", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.token_type", Numbers{1, 1}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.token_type: 2 types for 8 tokens"},
    {"UnknownType", byte_level,
     [](GgufWriter& w) { w.set("tokenizer.ggml.token_type", Numbers{1, 1, 1, 1, 1, 9, 1, 1}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.token_type[5]: 9"},
    {"Merges", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.merges", "a b"); }, ErrorCode::kCorrupt,
     "tokenizer.ggml.merges: missing, or not strings"},
    {"MergeOfOne", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.merges", Strings{"a b", "ab"}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.merges[1]: 'ab' is not a pair"},
    {"EmptyMerge", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.merges", Strings{""}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.merges[0]: '' is not a pair"},
    {"EosBeyond", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.eos_token_id", std::int64_t{8}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.eos_token_id: 8 is not among 8 tokens"},
    {"BosNegative", byte_level, [](GgufWriter& w) { w.set("tokenizer.ggml.bos_token_id", std::int64_t{-1}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.bos_token_id: -1"},
    {"NoScores", sentencepiece, [](GgufWriter& w) { w.set("tokenizer.ggml.scores", Strings{"a"}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.scores: missing"},
    {"FewScores", sentencepiece, [](GgufWriter& w) { w.set("tokenizer.ggml.scores", Scores{0.5}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.scores: 1 scores for 11 tokens"},
    {"ScoreNan", sentencepiece,
     [](GgufWriter& w) {
       w.set("tokenizer.ggml.scores", Scores{0, 0, 0, 0, 0, 0, 0, 0, 0, std::nan(""), 0});
     },
     ErrorCode::kCorrupt, "tokenizer.ggml.scores[9]: not a number"},
    {"ByteToken", sentencepiece,
     [](GgufWriter& w) { w.set("tokenizer.ggml.token_type", Numbers{2, 3, 3, 1, 6, 1, 1, 1, 1, 6, 6}); },
     ErrorCode::kCorrupt, "tokenizer.ggml.tokens[4]: a byte token"},
};

class BadTokenizerGguf : public ::testing::TestWithParam<Bad> {};

TEST_P(BadTokenizerGguf, IsRefusedInOneLineThatNamesTheKey) {
  GgufWriter writer = GetParam().base();
  GetParam().spoil(writer);
  const auto tokenizer = load(writer);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, GetParam().code);
  EXPECT_THAT(tokenizer.error().message, ::testing::HasSubstr(GetParam().message));
  EXPECT_THAT(tokenizer.error().message, ::testing::Not(::testing::HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(Keys, BadTokenizerGguf, ::testing::ValuesIn(kBad),
                         [](const auto& test) { return test.param.name; });

TEST(TokenizerGguf, WithoutATokenizer) {
  const auto tokenizer = load(GgufWriter());
  ASSERT_FALSE(tokenizer);
  EXPECT_THAT(tokenizer.error().message, ::testing::HasSubstr("tokenizer.ggml.model"));
}

/// One endless word, and a run of spaces that no line end follows, in every way of cutting words.
TEST(TokenizerGguf, MegabytesWithoutABoundary) {
  std::string emoji;
  for (int i = 0; i < 1 << 18; ++i) emoji += "😀";
  const std::string texts[] = {std::string(1 << 20, 'a'), std::string(1 << 20, ' ') + "x", emoji};
  for (const char* name : {"gpt-2", "llama-spm", "deepseek-llm", "falcon"}) {
    const std::string path = std::string("tokenizers/ggml-vocab/ggml-vocab-") + name + ".gguf";
    LOCI_SKIP_WITHOUT_DATA(path);
    const auto tokenizer = test::load_gguf(path);
    ASSERT_NE(tokenizer, nullptr);
    for (const std::string& text : texts)
      EXPECT_TRUE(tokenizer->decode(tokenizer->encode(text)) == text) << name;
  }
}

}  // namespace
}  // namespace loci
