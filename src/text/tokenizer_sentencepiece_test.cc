// SentencePiece's tokenizer.model, broken in every way. What good ones give is in tokenizer_goldens_test.cc.
#include "text/tokenizer_sentencepiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "base/mapped_file.h"
#include "testing/paths.h"
#include "testing/soak.h"
#include "text/detokenizer.h"
#include "text/tokenize/charsmap.h"
#include "text/tokenize/protobuf_reader.h"

namespace loci {
namespace {

using ::testing::HasSubstr;

std::string model_file(const char* name) {
  return read_text_file(testing::repository() / "tests/goldens/tokenizers" / name, 1 << 20).value();
}

std::string error_of(std::string_view bytes, const json::object& config = {}) {
  const auto tokenizer = tokenizer_from_sentencepiece(bytes, config);
  return tokenizer ? "loads" : tokenizer.error().message;
}

/// A field of bytes of less than 128.
std::string field(int number, std::string_view content) {
  std::string out{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())};
  return out.append(content);
}
std::string varint(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}
std::string piece(std::string_view text, int type = 1) {
  return field(1, field(1, text) + std::string("\x15\0\0\x80\xBF", 5) + varint(3, type));
}

TEST(TokenizersSentencePiece, FilesCutShortAreRefusedOrSmaller) {
  const std::string good = model_file("spm-unigram.model");
  for (std::size_t length = 0; length < good.size(); length += length < 600 ? 1 : 37) {
    const auto cut = tokenizer_from_sentencepiece(std::string_view(good).substr(0, length));
    if (cut) (*cut)->encode("Hello world");  // cut between two fields, it is a file
  }
  EXPECT_THAT(error_of(std::string_view(good).substr(0, 101)), HasSubstr("bytes wanted"));
}

TEST(TokenizersSentencePiece, RandomDamageIsRefusedOrHarmless) {
  std::mt19937 random(3);
  for (const char* name : {"spm-unigram.model", "spm-bpe-bytes.model", "spm-char.model"}) {
    const std::string good = model_file(name);
    for (int round = 0; round < testing::rounds(60, 20000); ++round) {
      std::string bad = good;
      for (int i = 0; i < 8; ++i) bad[random() % bad.size()] = static_cast<char>(random());
      const auto tokenizer = tokenizer_from_sentencepiece(bad);
      if (tokenizer) (*tokenizer)->decode((*tokenizer)->encode("Hello w\u00F6rld \uFB01 \u3000 12\n"));
    }
  }
}

TEST(TokenizersSentencePiece, WrongFieldsAreNamed) {
  const std::string good = piece("<unk>", 2) + piece("a");
  EXPECT_EQ(error_of(good), "loads");
  EXPECT_EQ(error_of(""), "pieces: there are none");
  EXPECT_EQ(error_of(piece("\xFF")), "pieces[0]: piece: not UTF-8");
  EXPECT_EQ(error_of(piece("a", 9)), "pieces[0]: type: 9 is none");
  EXPECT_EQ(error_of(piece("a") + piece("<0xZZ>", 6)), "pieces[1]: a byte token that names no byte");
  EXPECT_EQ(error_of(field(1, field(1, "a") + std::string("\x15\0\0\xC0\x7F", 5))),
            "pieces[0]: score: not a finite number");
  EXPECT_EQ(error_of(good + field(2, varint(3, 3))), "model_type: WORD");
  EXPECT_EQ(error_of(good + field(2, varint(3, 7))), "trainer_spec: model_type: 7");
  EXPECT_EQ(error_of(good + field(2, field(3, "x"))), "trainer_spec: field 3: not an integer");
  EXPECT_EQ(error_of(good + field(3, field(2, "\x08"))), "normalizer_spec.precompiled_charsmap: cut short");
  EXPECT_EQ(error_of(good + field(3, field(2, std::string("\xFF\xFF\xFF\x7F", 4)))),
            "normalizer_spec.precompiled_charsmap: a trie of 2147483647 bytes in 0");
  EXPECT_THAT(error_of(good, {{"tokenizer_class", "XLMRobertaTokenizer"}}),
              HasSubstr("needs its tokenizer.json"));
}

TEST(TokenizersSentencePiece, SpecialTokensFollowTheConfiguration) {
  const std::string file =
      piece("<unk>", 2) + piece("<s>", 3) + piece("</s>", 3) + piece("a") + piece("\u2581");
  const auto ids = [&](const std::string& type, const json::object& config) {
    return tokenizer_from_sentencepiece(file + type, config).value()->encode("a");
  };
  using Ids = std::vector<TokenId>;
  const std::string bpe = field(2, varint(3, 2)), unigram = field(2, varint(3, 1));
  EXPECT_EQ(ids(bpe, {}), (Ids{1, 4, 3}));
  EXPECT_EQ(ids(unigram, {}), (Ids{4, 3, 2}));
  EXPECT_EQ(ids(bpe, {{"add_bos_token", false}, {"add_eos_token", true}}), (Ids{4, 3, 2}));
}

/// The ids of sentencepiece 0.2.3. "▁▁" is one of the pieces that the model's maker defined: with the spaces
/// around it a lone "▁" makes three marks, and two ways to cut them differ by a rounding at most.
TEST(TokenizersSentencePiece, DefinedPiecesScoreAsInTheReference) {
  const auto tokenizer =
      tokenizer_from_sentencepiece(model_file("spm-unigram-symbols.model"), json::object{}).value();
  const EncodeOptions plain{.add_special_tokens = false};
  using Ids = std::vector<TokenId>;
  EXPECT_EQ(tokenizer->encode("the wolf ▁ z", plain), (Ids{28, 237, 30, 26, 8, 5, 48}));
  EXPECT_EQ(tokenizer->encode("the hello q and ▁ y", plain), (Ids{28, 8, 6, 8, 418, 79, 8, 5, 36}));
}

/// As sentencepiece 0.2.3 decodes; 8 is "▁", 5 "▁▁", 36 "y".
TEST(TokenizersSentencePiece, EachTokenInFrontOfTheTextLosesASpace) {
  const auto tokenizer =
      tokenizer_from_sentencepiece(model_file("spm-unigram-symbols.model"), json::object{}).value();
  using Ids = std::vector<TokenId>;
  const auto decoded = [&](const Ids& ids) {
    Detokenizer stream(*tokenizer, {});
    std::string text;
    for (const TokenId id : ids) text += stream.push(id);
    EXPECT_EQ(text, tokenizer->decode(ids));
    return text;
  };
  EXPECT_EQ(decoded({8, 8, 8, 36, 8, 36}), "y y");
  EXPECT_EQ(decoded({8, 5, 36}), " y");
  EXPECT_EQ(decoded({5, 8, 36}), "  y");
}

TEST(TokenizersProtobuf, BrokenEncodingsAreErrors) {
  const auto error = [](std::string_view bytes) {
    ProtobufReader reader(bytes);
    for (;;) {
      const auto field = reader.next();
      if (!field) return field.error().message;
      if (!*field) return std::string("ends");
    }
  };
  EXPECT_EQ(error(""), "ends");
  EXPECT_EQ(error("\x08\x01"), "ends");
  EXPECT_EQ(error("\x08"), "byte 1: cut short");
  EXPECT_EQ(error("\x08\x80"), "byte 2: cut short");
  EXPECT_EQ(error("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
            "byte 11: an integer of more than 64 bits");
  EXPECT_EQ(error("\x0A\x05"
                  "abc"),
            "byte 2: 5 bytes wanted, 3 are there");
  EXPECT_EQ(error("\x0B"), "byte 0: wire type 3");
  EXPECT_EQ(error(std::string_view("\0", 1)), "byte 0: no field");
  EXPECT_EQ(error("\x0D\x01\x02"), "byte 1: 4 bytes wanted, 2 are there");
}

TEST(TokenizersCharsmap, StepsOutsideTheArrayFindNothing) {
  std::mt19937 random(9);
  for (int round = 0; round < testing::rounds(300, 100000); ++round) {
    std::string blob("\x40\0\0\0", 4);
    for (int i = 0; i < 64; ++i) blob.push_back(static_cast<char>(random()));
    blob.append("abc\0x\0", 6);
    const auto rules = Charsmap::parse(blob);
    ASSERT_TRUE(rules) << rules.error().message;
    for (int byte = 0; byte < 256; ++byte) rules->longest(std::string(4, static_cast<char>(byte)));
  }
}

TEST(TokenizersCharsmap, LongResultsAreRefused) {
  std::string blob("\x04\0\0\0\0\0\0\0", 8);
  EXPECT_FALSE(Charsmap::parse(blob + std::string(300, 'a')));
  EXPECT_FALSE(Charsmap::parse(blob + "\xFF"));
  EXPECT_TRUE(Charsmap::parse(blob + "ok"));
}

}  // namespace
}  // namespace loci
