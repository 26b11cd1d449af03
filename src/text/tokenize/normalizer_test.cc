#include "text/tokenize/normalizer.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <utf8proc.h>

#include "text/utf8.h"

namespace loci {
namespace {

std::string normalize(NormalizerStepPtr step, std::string_view text) {
  std::vector<NormalizerStepPtr> steps;
  steps.push_back(std::move(step));
  return Normalizer(std::move(steps)).apply(text);
}

TEST(Normalizer, UnicodeForms) {
  EXPECT_EQ(normalize(unicode_form_step(UnicodeForm::kNfc), "e\u0301 \uAC00 \u212B"), "\u00E9 \uAC00 \u00C5");
  EXPECT_EQ(normalize(unicode_form_step(UnicodeForm::kNfd), "\u00E9\uAC00"), "e\u0301\u1100\u1161");
  EXPECT_EQ(normalize(unicode_form_step(UnicodeForm::kNfkc), "\uFB01\u00B2 e\u0301"), "fi2 \u00E9");
  EXPECT_EQ(normalize(unicode_form_step(UnicodeForm::kNfkd), "\uFB01\u00E9"), "fie\u0301");
  EXPECT_EQ(normalize(unicode_form_step(UnicodeForm::kNfc), "plain ASCII"), "plain ASCII");
  EXPECT_EQ(normalize(unicode_form_step(UnicodeForm::kNfc), "a\u0301\u0327"), "\u00E1\u0327");
}

TEST(Normalizer, FormsEqualUtf8procs) {
  std::mt19937 random(1);
  const std::pair<UnicodeForm, utf8proc_uint8_t* (*)(const utf8proc_uint8_t*)> forms[] = {
      {UnicodeForm::kNfc, utf8proc_NFC},
      {UnicodeForm::kNfd, utf8proc_NFD},
      {UnicodeForm::kNfkc, utf8proc_NFKC},
      {UnicodeForm::kNfkd, utf8proc_NFKD}};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t count = random() % 8; count > 0; --count) {
      constexpr char32_t kStarts[] = {0x41,   0xC0,   0x300,  0x300,  0x300, 0x1E00,
                                      0xAC00, 0x1100, 0xFB00, 0xF900, 0x900, 0x1D15E};
      append_utf8(kStarts[random() % std::size(kStarts)] + random() % 0x40, text);
    }
    for (const auto& [form, reference] : forms) {
      utf8proc_uint8_t* expected = reference(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str()));
      ASSERT_EQ(normalize(unicode_form_step(form), text), reinterpret_cast<const char*>(expected));
      std::free(expected);
    }
  }
}

TEST(Normalizer, LongRunsOfMarksInTheWrongOrder) {
  std::string text = "a", sorted = "a";
  for (int i = 0; i < 100000; ++i) text += "\u0315";                      // class 232
  for (int i = 0; i < 100000; ++i) text += "\u0316", sorted += "\u0316";  // class 220
  for (int i = 0; i < 100000; ++i) sorted += "\u0315";
  EXPECT_TRUE(normalize(unicode_form_step(UnicodeForm::kNfd), text) == sorted);
}

TEST(Normalizer, TextSteps) {
  EXPECT_EQ(normalize(prepend_step("_"), "a"), "_a");
  EXPECT_EQ(normalize(prepend_step("_"), ""), "");
  EXPECT_EQ(normalize(replace_step("ab", "x"), "ababcab"), "xxcx");
  EXPECT_EQ(normalize(replace_step("ab", ""), "cd"), "cd");
  EXPECT_EQ(normalize(*replace_regex_step(" {2,}", "-"), "a  b c   "), "a-b c-");
  EXPECT_EQ(normalize(*replace_regex_step("x*", "-"), "axé"), "-a-é-");
  EXPECT_EQ(normalize(lowercase_step(), "ÀBß\u0130"), "àbßi\u0307");
  EXPECT_EQ(normalize(strip_step(true, true), " \u00A0a b\n"), "a b");
  EXPECT_EQ(normalize(strip_step(true, false), " a "), "a ");
  EXPECT_EQ(normalize(strip_step(false, true), " a "), " a");
  EXPECT_EQ(normalize(strip_step(true, true), "  "), "");
}

}  // namespace
}  // namespace loci
