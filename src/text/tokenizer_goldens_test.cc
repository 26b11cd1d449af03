// Small tokenizers of every kind, against what the Python packages made of the same texts
// (tests/goldens/tokenizers, written by tools/tokenizers/golden.py).
#include <filesystem>
#include <gtest/gtest.h>
#include <random>

#include "base/mapped_file.h"
#include "testing/paths.h"
#include "testing/soak.h"
#include "text/open_tokenizer.h"
#include "text/utf8.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  return testing::repository() / "tests/goldens/tokenizers";
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  constexpr std::string_view kEnding = ".golden.json";
  for (const auto& entry : fs::directory_iterator(folder()))
    if (const std::string name = entry.path().filename().string(); name.ends_with(kEnding))
      found.push_back(name.substr(0, name.size() - kEnding.size()));
  std::ranges::sort(found);
  return found;
}

json::object golden_of(const std::string& name) {
  const auto text = read_text_file(folder() / (name + ".golden.json"), 1 << 20);
  return json::parse(text.value()).as_object();
}

std::unique_ptr<Tokenizer> open(const fs::path& vocabulary) {
  auto tokenizer = open_tokenizer(vocabulary);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

class TokenizersGoldens : public ::testing::TestWithParam<std::string> {};

TEST_P(TokenizersGoldens, EncodeAndDecodeAsThePackagesDo) {
  const json::object golden = golden_of(GetParam());
  const auto tokenizer = open(folder() / std::string(golden.at("vocabulary").as_string()));
  ASSERT_NE(tokenizer, nullptr);
  const EncodeOptions options{.add_special_tokens = false,
                              .parse_special_tokens = golden.at("parse_special").as_bool()};
  for (const json::value& one : golden.at("cases").as_array()) {
    const std::string text(one.at("text").as_string());
    std::vector<TokenId> ids;
    for (const json::value& id : one.at("ids").as_array()) ids.push_back(static_cast<TokenId>(id.as_int64()));
    EXPECT_EQ(tokenizer->encode(text, options), ids) << text;
    EXPECT_EQ(tokenizer->decode(ids, false), std::string(one.at("decoded").as_string())) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Small, TokenizersGoldens, ::testing::ValuesIn(names()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

std::string random_utf8(std::mt19937& random) {
  std::string text;
  for (std::size_t count = random() % 40; count > 0; --count) {
    const std::uint32_t range = random() % 4;
    auto c = static_cast<char32_t>(random() % (range == 0   ? 0x80u
                                               : range == 1 ? 0x800u
                                               : range == 2 ? 0x10000u
                                                            : 0x110000u));
    if (c >= 0xD800 && c < 0xE000) c = U' ';
    append_utf8(c, text);
  }
  return text;
}

// What a byte-level vocabulary without a normalizer takes in comes out again, whatever it is.
TEST(TokenizersRoundTrip, ByteLevelKeepsEveryText) {
  std::vector<fs::path> vocabularies = {folder() / "gpt4o.json"};
  for (const char* name : {"gpt2/tokenizer.json", "llama3", "tiktoken/cl100k_base.tiktoken"})
    if (const fs::path path = testing::shared_data() / "tokenizers" / name; fs::exists(path))
      vocabularies.push_back(path);
  for (const fs::path& path : vocabularies) {
    const auto tokenizer = open(path);
    ASSERT_NE(tokenizer, nullptr);
    std::mt19937 random(5);
    for (int round = 0; round < testing::rounds(2000, 1000000); ++round) {
      const std::string text = random_utf8(random);
      ASSERT_EQ(tokenizer->decode(tokenizer->encode(text, {.add_special_tokens = false}), false), text)
          << path;
    }
  }
}

// Whatever the bytes are: encoding reads them as the same text with U+FFFD, and ends.
TEST(TokenizersRoundTrip, InvalidUtf8IsReadAsReplacementCharacters) {
  for (const std::string& name : names()) {
    const auto tokenizer = open(folder() / std::string(golden_of(name).at("vocabulary").as_string()));
    ASSERT_NE(tokenizer, nullptr);
    const std::string good = "a\u00E9\u4E2D\U0001F600 b";
    for (std::size_t at = 0; at <= good.size(); ++at)
      for (const char bad : {'\x80', '\xC3', '\xFF', '\xF0', '\xED'}) {
        std::string text = good;
        text.insert(at, 1, bad);
        ASSERT_EQ(tokenizer->encode(text), tokenizer->encode(to_valid_utf8(text))) << name << " at " << at;
      }
  }
}

}  // namespace
}  // namespace loci
