#include "bench/prompt.h"

#include <array>
#include <charconv>
#include <cmath>

#include "bench/random.h"

namespace loci::bench {
namespace {

constexpr std::uint64_t kSampleKey = 0x73616D706C65;

constexpr std::array<std::string_view, 128> kWords{
    "the",     "a",       "of",       "to",     "in",     "and",    "is",    "for",     "on",    "with",
    "as",      "by",      "at",       "from",   "that",   "this",   "it",    "we",      "you",   "they",
    "was",     "are",     "be",       "has",    "can",    "will",   "may",   "not",     "or",    "but",
    "if",      "when",    "where",    "which",  "who",    "how",    "what",  "why",     "all",   "each",
    "some",    "many",    "more",     "most",   "new",    "old",    "first", "last",    "long",  "short",
    "high",    "low",     "small",    "large",  "early",  "late",   "open",  "close",   "time",  "year",
    "day",     "week",    "hour",     "number", "part",   "place",  "case",  "point",   "group", "system",
    "program", "problem", "question", "answer", "model",  "table",  "line",  "word",    "page",  "file",
    "name",    "list",    "state",    "city",   "water",  "house",  "light", "hand",    "road",  "field",
    "book",    "school",  "family",   "friend", "person", "people", "world", "country", "story", "music",
    "paper",   "letter",  "market",   "price",  "money",  "work",   "job",   "plan",    "idea",  "reason",
    "change",  "result",  "set",      "use",    "make",   "take",   "give",  "find",    "tell",  "ask",
    "show",    "move",    "turn",     "start",  "stop",   "keep",   "hold",  "write"};

}  // namespace

std::int64_t planned_tokens(const Conversation& conversation) {
  std::int64_t total = 0;
  for (const Message& message : conversation)
    for (const Segment& segment : message.segments) total += segment.count;
  return total;
}

void append_ids(std::string& json, const Segment& segment, const TokenAlphabet& alphabet) {
  Draws draws(segment.key);
  const auto size = alphabet.list.empty() ? static_cast<std::uint32_t>(alphabet.limit - alphabet.first)
                                          : static_cast<std::uint32_t>(alphabet.list.size());
  std::array<char, 16> digits;
  for (int i = 0; i < segment.count; ++i) {
    const std::uint32_t drawn = draws.below(size);
    const TokenId id =
        alphabet.list.empty() ? alphabet.first + static_cast<TokenId>(drawn) : alphabet.list[drawn];
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id);
    json.append(digits.data(), end.ptr);
    json += ',';
  }
}

void append_words(std::string& text, const Segment& segment, double tokens_per_word) {
  Draws draws(segment.key);
  const auto words = std::lround(std::max(1.0, segment.count / tokens_per_word));
  for (long i = 0; i < words; ++i) {
    if (!text.empty()) text += ' ';
    text += kWords[draws.below(kWords.size())];
  }
}

std::string word_sample() {
  std::string text;
  append_words(text, {kSampleKey, kSampleWords}, 1);
  return text;
}

}  // namespace loci::bench
