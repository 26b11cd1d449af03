// Fills a BpeSpec from a vocabulary and a list of merges, whichever file they come from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "text/tokenize/bpe_model.h"

namespace loci {

class BpeBuilder {
 public:
  /// `vocabulary` is complete but for added tokens and outlives the builder.
  BpeBuilder(const Vocabulary& vocabulary, std::size_t expected_merges) : vocabulary_(vocabulary) {
    spec_.merges = MergeTable(expected_merges);
  }

  /// The smallest symbols are the 256 bytes in GPT-2's byte alphabet.
  void use_bytes();
  /// The smallest symbols are the vocabulary's tokens of one character; special tokens and bytes are none.
  void use_characters();
  /// A character without a token becomes its bytes, "<0x00>" to "<0xFF>", where the vocabulary has them.
  void use_byte_fallback();

  /// The next merge in order of rank. kCorrupt where a side or the whole is not in the vocabulary.
  Result<void> add_merge(std::string_view left, std::string_view right);
  /// "a b": the next merge as text; a token may begin with a space, and none contains one elsewhere.
  Result<void> add_merge(std::string_view pair);
  /// As add_merge(pair), but false, and nothing added, where a side or the whole is not in the vocabulary.
  Result<bool> add_known_merge(std::string_view pair);
  /// A merge of two tokens of known ids.
  void add_merge(TokenId left, TokenId right, MergeTable::Merge merge);

  /// Lets the model take words apart in front of `mark` where no merge reaches over that place.
  void use_word_mark(std::string_view mark);

  BpeSpec& spec() { return spec_; }

 private:
  struct Pair {
    std::string_view left, right;
  };
  static Result<Pair> split(std::string_view pair);

  const Vocabulary& vocabulary_;
  BpeSpec spec_;
  std::vector<std::pair<TokenId, TokenId>> pairs_;
  std::uint32_t next_rank_ = 0;
};

}  // namespace loci
