#include "text/tokenize/word_scanner.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "text/test_files.h"
#include "text/tokenize/regex.h"
#include "text/utf8.h"

namespace loci {
namespace {

std::vector<std::string_view> by_scanner(std::string_view pattern, std::string_view text) {
  const WordScanner scanner = find_word_scanner(pattern);
  std::vector<std::string_view> words;
  for (const char *at = text.data(), *end = at + text.size(); at < end; at = words.back().end())
    words.emplace_back(at, scanner(at, end));
  return words;
}

std::vector<std::string_view> by_regex(const Regex& regex, std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto match = regex.find(text, at);
    if (!match || match->begin != at || match->end == at) return {};  // the patterns leave no gaps
    words.push_back(text.substr(at, match->end - at));
    at = match->end;
  }
  return words;
}

/// Characters at which the patterns part ways, and any character of the planes in use. Not those that came
/// with Unicode 15, which utf8proc 2.8 knows and PCRE2 10.42 does not: none of them is drawn from the lists,
/// and a random one is drawn below U+2FA20.
std::string random_text(std::mt19937& random) {
  static const std::vector<char32_t> kChars = {
      'a',   's',  'S',    't',    'T',     'r',    'e',    'E',     'v',     'm',    'l',  'L',
      'd',   '\'', '\'',   '\'',   ' ',     ' ',    ' ',    '\n',    '\r',    '\t',   '1',  '2',
      '.',   '!',  '_',    0x17F,  0x212A,  0xA0,   0x85,   0x180E,  0x2028,  0x3000, 0xE9, 0x301,
      0x661, 0xBD, 0x2163, 0x4E00, 0x1F600, 0x200D, 0xFEFF, 0x1D7D8, 0x10400, 0x5F};
  std::string text;
  for (std::size_t count = random() % 24; count > 0; --count) {
    char32_t c = kChars[random() % kChars.size()];
    if (random() % 16 == 0) c = static_cast<char32_t>(random() % (random() % 2 == 0 ? 0x3000 : 0x2FA20));
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    const bool unicode15 = c == 0xCF3 || c == 0xECE || (c >= 0x10EFD && c <= 0x11FFF) ||
                           (c >= 0x13430 && c <= 0x13455) || (c >= 0x1B132 && c <= 0x1B155) ||
                           (c >= 0x1D2C0 && c <= 0x1D2D3) || (c >= 0x1DF25 && c <= 0x1E08F) ||
                           (c >= 0x1E4D0 && c <= 0x1E4F9) || c >= 0x1F6DC;
    append_utf8(surrogate || (unicode15 && c != 0x1F600) ? U'x' : c, text);
  }
  return text;
}

class WordScanners : public ::testing::TestWithParam<std::string_view> {};

TEST_P(WordScanners, CutAsPcre2Does) {
  const auto regex = Regex::compile(GetParam());
  ASSERT_TRUE(regex) << regex.error().message;
  std::mt19937 random(11);
  for (int round = 0; round < 60000; ++round) {
    const std::string text = random_text(random);
    ASSERT_EQ(by_scanner(GetParam(), text), by_regex(*regex, text)) << "round " << round << ": " << text;
  }
}

TEST_P(WordScanners, CutBooksAsPcre2Does) {
  LOCI_SKIP_WITHOUT_DATA("text/en/alice-in-wonderland.txt");
  const auto regex = Regex::compile(GetParam());
  ASSERT_TRUE(regex) << regex.error().message;
  for (const char* name :
       {"text/en/alice-in-wonderland.txt", "text/de/heidi-1.txt", "text/code/json-schema-tests.txt"}) {
    const std::string text = test::read_data(name);
    ASSERT_EQ(by_scanner(GetParam(), text), by_regex(*regex, text)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, WordScanners,
                         ::testing::Values(kGpt2Pattern, kLlama3Pattern, kQwen2Pattern, kCl100kPattern),
                         [](const auto& test) { return "pattern" + std::to_string(test.index); });

TEST(WordScanner, UnknownPatternsHaveNone) {
  EXPECT_EQ(find_word_scanner(R"(\s+)"), nullptr);
}

}  // namespace
}  // namespace loci
