// What a request asks, as a recipe: stretches of random tokens, each known by its key, or text from a file.
// A recipe is small whatever the prompt's length; tokens are drawn when the request is sent. Two prompts that
// begin with the same stretches begin with the same tokens, and that is how prefixes are shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace loci::bench {

/// `count` tokens, a pure function of `key`: the first `count` of an endless sequence.
struct Segment {
  std::uint64_t key = 0;
  int count = 0;
};

/// One message of a conversation. Either segments or text.
struct Message {
  enum class Role { kSystem, kUser, kAssistant };
  Role role = Role::kUser;
  std::vector<Segment> segments{};
  std::string text{};
  std::vector<TokenId> ids{};  // of an answer whose tokens the server named
};
using Conversation = std::vector<Message>;

/// Tokens of the recipe; text counts as none.
std::int64_t planned_tokens(const Conversation& conversation);

/// The ids that random tokens are drawn from: `[first, limit)`, or those of the list where there is one.
struct TokenAlphabet {
  TokenId first = 0, limit = 0;
  std::vector<TokenId> list{};
  bool empty() const { return list.empty() && limit <= first; }
};

/// Appends the segment's ids to a JSON array's text: "17,4,99," with a comma after each.
void append_ids(std::string& json, const Segment& segment, const TokenAlphabet& alphabet);

/// Appends words instead of tokens, as many as make about `count` tokens.
void append_words(std::string& text, const Segment& segment, double tokens_per_word);

/// Two thousand words as append_words() would write them: what a server's tokenizer is asked about.
std::string word_sample();
inline constexpr int kSampleWords = 2000;

}  // namespace loci::bench
