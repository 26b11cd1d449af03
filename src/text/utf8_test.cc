#include "text/utf8.h"

#include <gtest/gtest.h>
#include <random>

namespace loci {
namespace {

constexpr const char* kR = "\xEF\xBF\xBD";

TEST(Utf8, MaximalSubpartsBecomeOneReplacementEach) {
  const std::string r = kR;
  // The example of the Unicode Standard 15, table 3-8, and neighbours.
  EXPECT_EQ(to_valid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(to_valid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
  EXPECT_EQ(to_valid_utf8("a\xF0\x9F\x98"), "a" + r);
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), r + r + r + r);
}

TEST(Utf8, EveryScalarValueGoesThere) {
  for (char32_t c = 0; c <= 0x10FFFF; c = c == 0xD7FF ? 0xE000 : c + 1) {
    std::string text;
    append_utf8(c, text);
    const Utf8Step step = read_utf8(text);
    ASSERT_EQ(step.status, Utf8Step::Status::kCharacter) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(step.code_point, c);
    ASSERT_EQ(step.length, text.size());
    for (std::size_t cut = 1; cut < text.size(); ++cut)
      ASSERT_EQ(read_utf8(text.substr(0, cut)).status, Utf8Step::Status::kUnfinished);
  }
}

TEST(Utf8, ChunksGiveTheSameAsTheWhole) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 12, '\0');
    constexpr unsigned char kInteresting[] = {0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC2,
                                              0xE0, 0xED, 0xF0, 0xF4, 0xFF};
    for (char& byte : bytes) byte = static_cast<char>(kInteresting[random() % std::size(kInteresting)]);
    std::string streamed, pending;
    for (const char byte : bytes) {
      pending.push_back(byte);
      pending.erase(0, append_lossy(pending, streamed));
      ASSERT_LE(pending.size(), 3u);
    }
    if (!pending.empty()) streamed += kR;
    ASSERT_EQ(streamed, to_valid_utf8(bytes));
    ASSERT_TRUE(is_valid_utf8(streamed));
    ASSERT_EQ(is_valid_utf8(bytes), streamed == bytes);
  }
}

}  // namespace
}  // namespace loci
