// Tokens that are cut out of a text before anything else looks at it: "<|im_end|>" and words that were added
// to a trained vocabulary. At each place the longest wins. Immutable after the last add(); safe from any
// thread. Time: linear in the text, times the length of the longest token where the text is made of their
// beginnings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "text/tokenize/function_ref.h"

namespace loci {

struct AddedToken {
  std::string content;  // valid UTF-8, not empty
  TokenId id = 0;
  bool special = false;      // recognised only where the caller lets special tokens be parsed
  bool single_word = false;  // not inside a longer word
  bool left_strip = false;   // takes the whitespace in front of it along
  bool right_strip = false;  // and that behind it
};

class AddedTokens {
 public:
  using OnText = FunctionRef<void(std::string_view)>;
  using OnToken = FunctionRef<void(TokenId)>;

  void add(AddedToken token);
  bool empty() const { return tokens_.empty(); }

  /// Calls on_text for every stretch between tokens (none of them empty) and on_token for every token, in
  /// order.
  void split(std::string_view text, bool parse_special, OnText on_text, OnToken on_token) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, int>> children;  // byte -> node
    int token = -1;                                       // index into tokens_ of what ends here
  };
  static constexpr int kRoot = 0, kNone = -1;

  int child(int node, unsigned char byte) const;
  const AddedToken* longest_at(std::string_view text, std::size_t at, bool parse_special) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_{1};
  bool starts_[256] = {};  // [byte]: a token begins with it
};

}  // namespace loci
