// Streams tokens as text: bytes leave only as whole UTF-8 characters, so that no client ever sees half of
// one. The concatenation of all push() results and flush() equals Tokenizer::decode of all the tokens.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace loci {

class Detokenizer {
 public:
  struct Options {
    bool skip_special = true;
    bool continues_text = false;          // the tokens follow a prompt: a leading space is kept
    std::vector<TokenId> kept_special{};  // special tokens whose text is shown even so: somebody reads it
  };
  Detokenizer(const Tokenizer& tokenizer, Options options)
      : tokenizer_(&tokenizer), options_(std::move(options)) {}

  /// The text that became complete with `token`; may be empty. A byte that can never become UTF-8 is U+FFFD.
  std::string push(TokenId token);
  /// What is left at the end: U+FFFD for an unfinished character.
  std::string flush();

 private:
  bool is_skipped(TokenId token) const;

  const Tokenizer* tokenizer_;
  Options options_;
  std::string pending_;  // at most 3 bytes: the beginning of a character
  bool at_start_ = true;
};

}  // namespace loci
