#include "text/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loci {
namespace {

using Ids = std::vector<TokenId>;

/// A small SentencePiece-like tokenizer.json; tests change one field of it.
json::object small_json() {
  return parse_json(R"({
    "added_tokens": [
      {"id": 0, "content": "<unk>", "special": true, "normalized": false},
      {"id": 1, "content": "<s>", "special": true, "normalized": false},
      {"id": 2, "content": "</s>", "special": true, "normalized": false}],
    "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "▁"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
    "pre_tokenizer": null,
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
      "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "▁": 3, "a": 4, "b": 5, "▁a": 6, "ab": 7, "<0xC3>": 8, "<0xA9>": 9, "▁ab": 10},
      "merges": ["a b", ["▁", "ab"], "▁ a"]}})")
      ->as_object();
}

Result<std::unique_ptr<Tokenizer>> parse(const json::object& file, const json::object& config = {},
                                         const json::object& model_config = {}) {
  return tokenizer_from_json(json::serialize(file), config, model_config);
}

std::unique_ptr<Tokenizer> make(const json::object& file, const json::object& config = {}) {
  auto tokenizer = parse(file, config);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

json::value value_of(std::string_view text) {
  return *parse_json(text);
}

constexpr EncodeOptions kBare{.add_special_tokens = false};

TEST(TokenizerJson, MergesByRankWithByteFallbackAndUnknown) {
  const auto tokenizer = make(small_json(), {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
  EXPECT_EQ(tokenizer->encode("ab a"), (Ids{1, 10, 6}));
  EXPECT_EQ(tokenizer->encode("aé", kBare), (Ids{6, 8, 9}));
  EXPECT_EQ(tokenizer->encode("a日日b", kBare), (Ids{6, 0, 5})) << "unknown characters fuse";
  EXPECT_EQ(tokenizer->decode(Ids{1, 6, 8, 9, 8}), "aé\uFFFD");
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->eos(), 2);
  EXPECT_EQ(tokenizer->vocab_size(), 11);
  EXPECT_EQ(tokenizer->find("▁ab"), 10);
  EXPECT_EQ(tokenizer->find("nothing"), std::nullopt);
}

TEST(TokenizerJson, SpecialTokensOnlyWhereAllowed) {
  const auto tokenizer = make(small_json());
  EXPECT_EQ(tokenizer->encode("a</s>b", kBare), (Ids{6, 2, 3, 5}));
  const Ids text = tokenizer->encode("a</s>b", {.add_special_tokens = false, .parse_special_tokens = false});
  EXPECT_THAT(text, ::testing::Not(::testing::Contains(2)));
}

TEST(TokenizerJson, AddedTokensStripAndStandAlone) {
  json::object file = small_json();
  json::array& added = file["added_tokens"].as_array();
  added.push_back(
      value_of(R"({"id": 20, "content": "<l>", "special": false, "lstrip": true, "normalized": false})"));
  added.push_back(
      value_of(R"({"id": 21, "content": "<r>", "special": false, "rstrip": true, "normalized": false})"));
  added.push_back(
      value_of(R"({"id": 22, "content": "ba", "special": false, "single_word": true, "normalized": false})"));
  added.push_back(value_of(R"({"id": 23, "content": "<l>>", "special": false, "normalized": false})"));
  const auto tokenizer = make(file);
  EXPECT_EQ(tokenizer->encode("a  <l> a", kBare), (Ids{6, 20, 3, 6}));
  EXPECT_EQ(tokenizer->encode("a <r>  a", kBare), (Ids{6, 3, 21, 6}));
  EXPECT_EQ(tokenizer->encode("ba", kBare), (Ids{22}));
  EXPECT_EQ(tokenizer->encode("baa", kBare), (Ids{3, 5, 4, 4}));
  EXPECT_EQ(tokenizer->encode("<l>>", kBare), (Ids{23})) << "the longest wins";
  EXPECT_EQ(tokenizer->vocab_size(), 24);
  EXPECT_EQ(tokenizer->piece(15), "") << "a gap";
}

TEST(TokenizerJson, NormalizedAddedTokensAreFoundBehindTheNormalizer) {
  json::object file = small_json();
  file["normalizer"] = value_of(R"({"type": "Lowercase"})");
  file["added_tokens"].as_array().push_back(
      value_of(R"({"id": 20, "content": "AB", "special": false, "normalized": true})"));
  EXPECT_EQ(make(file)->encode("aAbA", kBare), (Ids{4, 20, 4}));
}

TEST(TokenizerJson, MetaspaceSchemes) {
  json::object file = small_json();
  file["normalizer"] = nullptr;
  const auto with_scheme = [&](const char* scheme) {
    file["pre_tokenizer"] = {
        {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", scheme}, {"split", false}};
    return make(file);
  };
  EXPECT_EQ(with_scheme("always")->encode("a</s>a", kBare), (Ids{6, 2, 6}));
  EXPECT_EQ(with_scheme("first")->encode("a</s>a", kBare), (Ids{6, 2, 4}));
  EXPECT_EQ(with_scheme("never")->encode("a</s>a", kBare), (Ids{4, 2, 4}));
  EXPECT_EQ(with_scheme("first")->encode(" a", kBare), (Ids{6})) << "there is a space already";
}

TEST(TokenizerJson, ConfigAddsWhatThePostProcessorLeavesOpen) {
  json::object file = small_json();
  file["post_processor"] = nullptr;
  const json::object config = {{"bos_token", {{"content", "<s>"}}},
                               {"eos_token", "</s>"},
                               {"add_bos_token", true},
                               {"add_eos_token", true}};
  EXPECT_EQ(make(file, config)->encode("a"), (Ids{1, 6, 2}));
  EXPECT_TRUE(make(file, config)->adds_bos());
  EXPECT_FALSE(make(file)->adds_bos());
  const auto by_id = parse(file, {}, {{"bos_token_id", 1}, {"eos_token_id", {2, 0}}});
  EXPECT_EQ((*by_id)->bos(), 1);
  EXPECT_EQ((*by_id)->eos(), 2);
  const auto without = parse(file, {{"bos_token", nullptr}}, {{"bos_token_id", 1}});
  EXPECT_EQ((*without)->bos(), std::nullopt);
}

TEST(TokenizerJson, WordsThatAreTokensIgnoreMerges) {
  json::object file = small_json();
  file["normalizer"] = nullptr;
  file["model"].as_object()["merges"] = json::array{};
  EXPECT_EQ(make(file)->encode("ab", kBare), (Ids{4, 5}));
  file["model"].as_object()["ignore_merges"] = true;
  EXPECT_EQ(make(file)->encode("ab", kBare), (Ids{7}));
  EXPECT_EQ(make(file)->encode("</s>", {.add_special_tokens = false, .parse_special_tokens = false}),
            (Ids{0}))
      << "a special token's name in plain text is text";
}

TEST(TokenizerJson, InvalidUtf8IsReadAsReplacementCharacters) {
  const auto tokenizer = make(small_json());
  EXPECT_EQ(tokenizer->encode("a\xFF", kBare), tokenizer->encode("a\uFFFD", kBare));
}

struct Bad {
  const char* name;
  void (*spoil)(json::object& file);
  ErrorCode code;
  const char* message;
};

json::object& model_of(json::object& file) {
  return file["model"].as_object();
}
json::object& vocab_of(json::object& file) {
  return model_of(file)["vocab"].as_object();
}

const Bad kBad[] = {
    {"NoModel", [](json::object& f) { f.erase("model"); }, ErrorCode::kCorrupt, "model: missing"},
    {"ModelIsNoObject", [](json::object& f) { f["model"] = 3; }, ErrorCode::kCorrupt, "model: not an object"},
    {"WordLevel", [](json::object& f) { model_of(f)["type"] = "WordLevel"; }, ErrorCode::kUnsupported,
     "model.type: 'WordLevel'"},
    {"NoVocab", [](json::object& f) { model_of(f).erase("vocab"); }, ErrorCode::kCorrupt,
     "model.vocab: missing"},
    {"IdIsNoInteger", [](json::object& f) { vocab_of(f)["a"] = "x"; }, ErrorCode::kCorrupt,
     "model.vocab['a']: not an integer"},
    {"IdTwice", [](json::object& f) { vocab_of(f)["a"] = 5; }, ErrorCode::kCorrupt,
     "token id 5 is given twice"},
    {"IdNegative", [](json::object& f) { vocab_of(f)["a"] = -1; }, ErrorCode::kCorrupt,
     "token id -1 is not in 0.."},
    {"IdHuge", [](json::object& f) { vocab_of(f)["a"] = 2147483647; }, ErrorCode::kCorrupt,
     "token id 2147483647 is not in 0.."},
    {"NoMerges", [](json::object& f) { model_of(f).erase("merges"); }, ErrorCode::kCorrupt,
     "model.merges: not an array"},
    {"MergeOfOne", [](json::object& f) { model_of(f)["merges"] = {"ab"}; }, ErrorCode::kCorrupt,
     "model.merges[0]: 'ab' is not a pair"},
    {"MergeUnknown", [](json::object& f) { model_of(f)["merges"] = {"a q"}; }, ErrorCode::kCorrupt,
     "model.merges[0]: 'q' is not in"},
    {"MergedUnknown", [](json::object& f) { model_of(f)["merges"] = {"b a"}; }, ErrorCode::kCorrupt,
     "the merged token 'ba'"},
    {"MergeOfNumbers", [](json::object& f) { model_of(f)["merges"] = {json::array{1, 2}}; },
     ErrorCode::kCorrupt, "model.merges[0]: not a pair"},
    {"UnknownToken", [](json::object& f) { model_of(f)["unk_token"] = "?"; }, ErrorCode::kCorrupt,
     "model.unk_token: '?' is not"},
    {"WordSuffix", [](json::object& f) { model_of(f)["end_of_word_suffix"] = "</w>"; },
     ErrorCode::kUnsupported, "model.end_of_word_suffix"},
    {"Dropout", [](json::object& f) { model_of(f)["dropout"] = 0.1; }, ErrorCode::kUnsupported,
     "model.dropout"},
    {"AddedTakenId", [](json::object& f) { f["added_tokens"].as_array()[0].as_object()["id"] = 4; },
     ErrorCode::kCorrupt, "added_tokens[0].id: '<unk>' is token 0 already"},
    {"AddedTakenName",
     [](json::object& f) { f["added_tokens"].as_array()[0].as_object()["content"] = "<x>"; },
     ErrorCode::kCorrupt, "added_tokens[0].id: token id 0 is given twice"},
    {"AddedNoArray", [](json::object& f) { f["added_tokens"] = "x"; }, ErrorCode::kCorrupt,
     "added_tokens: not an array"},
    {"Normalizer", [](json::object& f) { f["normalizer"] = {{"type", "Unheard"}}; }, ErrorCode::kUnsupported,
     "normalizer: normalizer of type 'Unheard'"},
    {"ReplacementBomb",
     [](json::object& f) {
       f["normalizer"] = value_of(
           R"({"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"}]})");
     },
     ErrorCode::kUnsupported, "normalizer.normalizers[1]: replacements"},
    {"PreTokenizer", [](json::object& f) { f["pre_tokenizer"] = {{"type", "FixedLength"}}; },
     ErrorCode::kUnsupported, "pre_tokenizer: pre-tokenizer of type 'FixedLength'"},
    {"BadRegex",
     [](json::object& f) {
       f["pre_tokenizer"] = value_of(R"({"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"})");
     },
     ErrorCode::kUnsupported, "pre_tokenizer.pattern.Regex: regular expression: "},
    {"Decoder", [](json::object& f) { f["decoder"] = {{"type", "CTC"}}; }, ErrorCode::kUnsupported,
     "decoder: decoder of type 'CTC'"},
    {"PostProcessor", [](json::object& f) { f["post_processor"] = {{"type", "Magic"}}; },
     ErrorCode::kUnsupported, "post_processor: post-processor of type 'Magic'"},
    {"TemplateId",
     [](json::object& f) {
       f["post_processor"].as_object()["special_tokens"] = value_of(R"({"<s>":{"ids":[99]}})");
     },
     ErrorCode::kCorrupt, "ids[0]: token 99 is not in the vocabulary"},
    {"TypeWithNewline", [](json::object& f) { f["decoder"] = {{"type", "a\nb"}}; }, ErrorCode::kUnsupported,
     "'a?b'"},
};

class BadTokenizerJson : public ::testing::TestWithParam<Bad> {};

TEST_P(BadTokenizerJson, IsRefusedInOneLineThatNamesTheField) {
  json::object file = small_json();
  GetParam().spoil(file);
  const auto tokenizer = parse(file);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, GetParam().code);
  EXPECT_THAT(tokenizer.error().message, ::testing::StartsWith("tokenizer.json: "));
  EXPECT_THAT(tokenizer.error().message, ::testing::HasSubstr(GetParam().message));
  EXPECT_THAT(tokenizer.error().message, ::testing::Not(::testing::HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(Fields, BadTokenizerJson, ::testing::ValuesIn(kBad),
                         [](const auto& test) { return test.param.name; });

TEST(TokenizerJson, NotJson) {
  EXPECT_THAT(tokenizer_from_json("{").error().message,
              ::testing::StartsWith("tokenizer.json: invalid JSON at byte 1"));
  EXPECT_THAT(tokenizer_from_json("[]").error().message, "tokenizer.json: not an object");
}

/// Texts of one endless word. What they cost is n log n; a quadratic step would show as a test that hangs.
TEST(TokenizerJson, MegabytesWithoutABoundary) {
  json::object file = small_json();
  json::object& vocab = vocab_of(file);
  json::array& merges = model_of(file)["merges"].as_array();
  std::string run = "a";
  for (int id = 30; id < 40; ++id) {
    merges.push_back(json::array{run, run});
    vocab[run += run] = id;
  }
  file["normalizer"] = nullptr;
  const auto tokenizer = make(file);
  const Ids as = tokenizer->encode(std::string(1 << 20, 'a'), kBare);
  EXPECT_EQ(as, Ids(1024, 39));
  std::string emoji;
  for (int i = 0; i < 1 << 18; ++i) emoji += "😀";
  EXPECT_EQ(tokenizer->encode(emoji, kBare), Ids{0});
  EXPECT_EQ(tokenizer->encode(std::string(1 << 20, '\xFF'), kBare), Ids{0});
}

}  // namespace
}  // namespace loci
