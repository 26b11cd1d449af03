// WordPiece as BERT's tokenizer.json has it: words, unknown words, normalizing, decoding.
#include <gtest/gtest.h>

#include "text/tokenizer_json.h"

namespace loci {
namespace {

using Ids = std::vector<TokenId>;

json::object bert_file() {
  json::object vocab;
  for (const char* piece : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello", "world", "##s", "embed", "##ding",
                            "##dings", ",", ".", "n", "'", "t", "\u65E5", "\u672C", "cafe", "##"})
    vocab.emplace(piece, static_cast<std::int64_t>(vocab.size()));
  json::array added;
  for (const auto& [id, content] : {std::pair{0, "[PAD]"}, {1, "[UNK]"}, {2, "[CLS]"}, {3, "[SEP]"}})
    added.push_back(json::object{{"id", id}, {"content", content}, {"special", true}});
  return {{"added_tokens", added},
          {"normalizer", {{"type", "BertNormalizer"}, {"strip_accents", nullptr}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", {{"type", "BertProcessing"}, {"sep", {"[SEP]", 3}}, {"cls", {"[CLS]", 2}}}},
          {"decoder", {{"type", "WordPiece"}}},
          {"model", {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"vocab", std::move(vocab)}}}};
}

std::unique_ptr<Tokenizer> load(const json::object& file) {
  auto tokenizer = tokenizer_from_json(json::serialize(file));
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

Ids encode(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special_tokens = false});
}

std::string error_of(const json::object& file) {
  const auto tokenizer = tokenizer_from_json(json::serialize(file));
  return tokenizer ? "loads" : tokenizer.error().message;
}

TEST(TokenizersWordPiece, CutsTheLongestPiecesFromTheLeft) {
  const auto tokenizer = load(bert_file());
  EXPECT_EQ(encode(*tokenizer, "hello worlds"), (Ids{4, 5, 6}));
  EXPECT_EQ(encode(*tokenizer, "embeddings embedding"), (Ids{7, 9, 7, 8}));
  EXPECT_EQ(encode(*tokenizer, "worldx hello"), (Ids{1, 4})) << "a word is known as a whole or not at all";
  EXPECT_EQ(tokenizer->encode("hello"), (Ids{2, 4, 3}));
  EXPECT_EQ(tokenizer->encode(""), (Ids{2, 3}));
}

TEST(TokenizersWordPiece, NormalizesAsBertDoes) {
  const auto tokenizer = load(bert_file());
  EXPECT_EQ(encode(*tokenizer, "HELLO\tCaf\u00E9\u00A0Cafe\u0301"), (Ids{4, 17, 17}));
  EXPECT_EQ(encode(*tokenizer, "hel\u200Blo\uFFFD wor\x01ld"), (Ids{4, 5}));
  EXPECT_EQ(encode(*tokenizer, "\u65E5\u672Chello"), (Ids{15, 16, 4}));
  EXPECT_EQ(encode(*tokenizer, "hello,world."), (Ids{4, 10, 5, 11}));
}

TEST(TokenizersWordPiece, LongWordsAreUnknown) {
  json::object file = bert_file();
  file["model"].as_object()["max_input_chars_per_word"] = 5;
  EXPECT_EQ(encode(*load(file), "hello worlds"), (Ids{4, 1}));
  file["model"].as_object()["max_input_chars_per_word"] = -1;
  EXPECT_NE(error_of(file).find("max_input_chars_per_word"), std::string::npos);
}

TEST(TokenizersWordPiece, DecodesWithSpacesAndWithoutMarks) {
  const auto tokenizer = load(bert_file());
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, "hello embeddings, world.")), "hello embeddings, world.");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("hello world"), false), "[CLS] hello world [SEP]");
  json::object plain = bert_file();
  plain["decoder"].as_object()["cleanup"] = false;
  EXPECT_EQ(load(plain)->decode(Ids{4, 10, 5}), "hello , world");
}

TEST(TokenizersWordPiece, RefusesAModelWithoutItsUnknownToken) {
  json::object file = bert_file();
  file["model"].as_object().erase("unk_token");
  EXPECT_EQ(error_of(file), "tokenizer.json: model.unk_token: missing");
  file["model"].as_object()["unk_token"] = "[NONE]";
  EXPECT_EQ(error_of(file), "tokenizer.json: model.unk_token: '[NONE]' is not in the vocabulary");
}

}  // namespace
}  // namespace loci
