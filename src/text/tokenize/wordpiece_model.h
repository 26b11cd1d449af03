// WordPiece (BERT): a word is cut from the left into the longest pieces of the vocabulary; the pieces behind
// the first are of a kind of their own ("##ing"). A word that cannot be cut is the unknown token as a whole.
// Wu et al. 2016, arXiv:1609.08144, section 4.1.
#pragma once

#include <cstdint>

#include "text/tokenize/prefix_trie.h"
#include "text/tokenize/token_model.h"

namespace loci {

struct WordPieceSpec {
  PrefixTrie initial;     // pieces that begin a word -> id
  PrefixTrie continuing;  // pieces that go on, without their mark -> id
  TokenId unknown = 0;
  std::size_t max_characters = 100;  // a longer word is unknown
};

class WordPieceModel final : public TokenModel {
 public:
  explicit WordPieceModel(WordPieceSpec spec);
  void encode(std::string_view word, std::vector<TokenId>& out) const override;

 private:
  void encode_anew(std::string_view word, std::vector<TokenId>& ids) const;

  WordPieceSpec spec_;
  std::uint32_t cache_owner_;
};

}  // namespace loci
