// tiktoken's rank files: real ones against the package's ids, broken ones against one line that says what is
// wrong.
#include "text/tokenizer_tiktoken.h"

#include <gtest/gtest.h>

#include "text/open_tokenizer.h"
#include "text/test_files.h"
#include "text/tokenize/base64.h"

namespace loci {
namespace {

using Ids = std::vector<TokenId>;

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i <= count ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

/// The 256 bytes, then "he", "ll", "llo", "hello".
std::string small_file() {
  std::string file;
  int rank = 0;
  for (; rank < 256; ++rank)
    file += fmt::format("{} {}\n", to_base64(std::string(1, static_cast<char>(rank))), rank);
  for (const char* token : {"he", "ll", "llo", "hello"})
    file += fmt::format("{} {}\n", to_base64(token), rank++);
  return file;
}

std::string error_of(const std::string& file, std::string_view pre = {}) {
  const auto tokenizer = tokenizer_from_tiktoken(file, "x.tiktoken", pre);
  return tokenizer ? "loads" : tokenizer.error().message;
}

TEST(TokenizersBase64, DecodesAndRefuses) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("YQ=="), "a");
  EXPECT_EQ(from_base64("YWI="), "ab");
  EXPECT_EQ(from_base64("YWJj"), "abc");
  EXPECT_EQ(from_base64("/+8="), "\xFF\xEF");
  for (const char* bad : {"Y", "YQ", "YQ=", "YR==", "Y===", "====", "YW Jj", "YQ==YQ==", "YWJ*"})
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
}

TEST(TokenizersTiktoken, MergesByRank) {
  const auto tokenizer = tokenizer_from_tiktoken(small_file(), "x.tiktoken");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("hello"), (Ids{259}));
  EXPECT_EQ((*tokenizer)->encode("hellhe"), (Ids{256, 257, 256}));
  EXPECT_EQ((*tokenizer)->encode("\u00E9"), (Ids{0xC3, 0xA9}));
  EXPECT_EQ((*tokenizer)->decode(Ids{259, 0xC3, 0xA9}), "hello\u00E9");
}

TEST(TokenizersTiktoken, RealFilesGiveThePackagesIds) {
  LOCI_SKIP_WITHOUT_DATA("tokenizers/tiktoken");
  const auto open = [](const char* name) { return open_tokenizer(test::data_path(name)).value(); };
  const auto cl100k = open("tokenizers/tiktoken/cl100k_base.tiktoken");
  EXPECT_EQ(cl100k->encode("tiktoken is great!"), (Ids{83, 1609, 5963, 374, 2294, 0}));
  EXPECT_EQ(cl100k->encode("a<|endoftext|>"), (Ids{64, 100257}));
  EXPECT_EQ(cl100k->encode("a \n  "), (Ids{64, 720, 256}));
  const auto p50k = open("tokenizers/tiktoken/p50k_base.tiktoken");
  EXPECT_EQ(p50k->vocab_size(), 50281);
  EXPECT_EQ(p50k->find("<|endoftext|>"), 50256) << "the id that the ranks leave free";
  const auto qwen = open("tokenizers/qwen2/qwen.tiktoken");
  EXPECT_EQ(qwen->encode("<|im_start|>"), (Ids{151644}));
  EXPECT_EQ(qwen->encode("e\u0301"), qwen->encode("\u00E9")) << "Qwen brings texts to NFC";
}

TEST(TokenizersTiktoken, BadFilesAreRefusedWithTheirLine) {
  const std::string good = small_file();
  EXPECT_EQ(error_of(good), "loads");
  EXPECT_EQ(error_of(""), "no tokens");
  EXPECT_EQ(error_of("YQ== 1\nYg==\n"), "line 2: not a token and its rank");
  EXPECT_EQ(error_of("YQ== 1\n!!!! 2\n"), "line 2: '!!!!' is not base64");
  EXPECT_EQ(error_of("YQ== 1\n 2\n"), "line 2: '' is not base64");
  EXPECT_EQ(error_of("YQ== one\n"), "line 1: 'one' is not a rank");
  EXPECT_EQ(error_of("YQ== -1\n"), "line 1: '-1' is not a rank");
  EXPECT_EQ(error_of("YQ== 99999999999\n"), "line 1: '99999999999' is not a rank");
  EXPECT_EQ(error_of("YQ== 2147483647\n"), "line 1: token id 2147483647 is not in 0..65551");
  EXPECT_EQ(error_of(good + "aGU= 300\n"), "line 261: token 'he' is given twice");
  EXPECT_EQ(error_of(good + "aGVs 256\n"), "line 261: token id 256 is given twice");
  EXPECT_EQ(error_of("YQ== 1\n"), "no token for the byte 0x00");
  EXPECT_EQ(error_of(good, "unheard-of"), "pre-tokenizer 'unheard-of'");
  EXPECT_EQ(error_of(good + to_base64(std::string(2000, 'a')) + " 300\n"),
            "line 261: a token of more than 1024 bytes");
}

}  // namespace
}  // namespace loci
