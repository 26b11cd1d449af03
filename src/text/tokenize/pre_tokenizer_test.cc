#include "text/tokenize/pre_tokenizer.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

std::vector<std::string> words(const PreTokenizer& pre_tokenizer, std::string_view text,
                               bool at_start = true) {
  std::vector<std::string> out;
  pre_tokenizer.split({text, at_start}, [&](Piece piece) { out.emplace_back(piece.text); });
  return out;
}
using Words = std::vector<std::string>;

// The five behaviours on "the-final--countdown": the examples of the tokenizers library's documentation.
TEST(PreTokenizer, SplitBehaviors) {
  const auto split = [](SplitBehavior behavior, bool invert = false) {
    return words(*literal_pre_tokenizer("-", {behavior, invert}), "the-final--countdown");
  };
  EXPECT_EQ(split(SplitBehavior::kRemoved), (Words{"the", "final", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kIsolated), (Words{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kMergedWithPrevious), (Words{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kMergedWithNext), (Words{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(split(SplitBehavior::kContiguous), (Words{"the", "-", "final", "--", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kRemoved, true), (Words{"-", "-", "-"}));
}

TEST(PreTokenizer, EmptyMatchesSeparateNothing) {
  EXPECT_EQ(words(**regex_pre_tokenizer("x*"), "axxé"), (Words{"a", "xx", "é"}));
  EXPECT_EQ(words(**regex_pre_tokenizer("$"), "ab"), (Words{"ab"}));
}

TEST(PreTokenizer, BadPatternIsUnsupported) {
  const auto bad = regex_pre_tokenizer("a(");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kUnsupported);
}

TEST(PreTokenizer, ExponentialPatternEnds) {
  const std::string text(64, 'a');
  EXPECT_EQ(words(**regex_pre_tokenizer("(a+)+b"), text), (Words{text}));
}

TEST(PreTokenizer, SpacesAtTheEndOfALine) {
  EXPECT_EQ(words(**regex_pre_tokenizer(R"(\s+$)"), "  a   "), (Words{"  a", "   "}));
  EXPECT_EQ(words(**regex_pre_tokenizer(R"(\s+$)"), "a \nb"), (Words{"a", " ", "\nb"}));
}

TEST(PreTokenizer, Metaspace) {
  const auto always = metaspace_pre_tokenizer("▁", PrependScheme::kAlways, true);
  EXPECT_EQ(words(*always, "a  b"), (Words{"▁a", "▁", "▁b"}));
  EXPECT_EQ(words(*always, " a"), (Words{"▁a"}));
  const auto first = metaspace_pre_tokenizer("▁", PrependScheme::kFirst, false);
  EXPECT_EQ(words(*first, "a b"), (Words{"▁a▁b"}));
  EXPECT_EQ(words(*first, "a b", false), (Words{"a▁b"}));
}

TEST(PreTokenizer, StepsBehindByteLevelSeeItsAlphabet) {
  // "½" is the bytes C2 BD, in the byte alphabet "Â½", whose second character is a number.
  const auto split = byte_alphabet_pre_tokenizer(*regex_pre_tokenizer(R"(\p{N})"));
  EXPECT_EQ(words(*split, "a½"), (Words{"a\xC2", "\xBD"}));
}

TEST(PreTokenizer, SequenceKnowsWhatIsAtTheStart) {
  std::vector<PreTokenizerPtr> steps;
  steps.push_back(literal_pre_tokenizer("|", {SplitBehavior::kRemoved}));
  steps.push_back(metaspace_pre_tokenizer("_", PrependScheme::kFirst, true));
  const auto sequence = sequence_pre_tokenizer(std::move(steps));
  EXPECT_EQ(words(*sequence, "a|b c"), (Words{"_a", "b", "_c"}));
  EXPECT_EQ(words(*sequence, "|b"), (Words{"b"}));
}

}  // namespace
}  // namespace loci
