// Unigram language model (SentencePiece): of all ways to cut a text into pieces, the one with the highest sum
// of scores, found by dynamic programming over its bytes (Viterbi). Kudo 2018, arXiv:1804.10959.
// Of equal sums the one found first stays, pieces tried from the left and the shortest first; sums are
// rounded at every step as the reference rounds them, so that the same one of two near equals wins. Time:
// linear in the text, times the length of the longest piece.
#pragma once

#include <array>
#include <cstdint>

#include "text/tokenize/prefix_trie.h"
#include "text/tokenize/token_model.h"

namespace loci {

struct UnigramSpec {
  static constexpr TokenId kNone = -1;

  PrefixTrie pieces;                 // -> id
  std::vector<double> scores;        // [id]
  double unknown_score = 0;          // of a character that no piece of its own covers
  TokenId unknown = kNone;           // kNone: such a character is dropped
  bool fuse_unknown = true;          // a run of them is one token, or falls back to bytes as one
  std::array<TokenId, 256> bytes{};  // [byte]: its token; kNone: there is none
  bool single_precision = false;     // sums are float (SentencePiece), else double (tokenizers)
  bool cached = true;                // texts are words, worth remembering

  UnigramSpec() { bytes.fill(kNone); }
};

class UnigramModel final : public TokenModel {
 public:
  explicit UnigramModel(UnigramSpec spec);
  void encode(std::string_view text, std::vector<TokenId>& out) const override;

 private:
  struct Step;  // the best way to reach a byte
  void encode_anew(std::string_view text, std::vector<TokenId>& ids) const;
  template <class Score>
  void find_best(std::string_view text, std::vector<Step>& best) const;
  void append_unknown(std::string_view characters, std::vector<TokenId>& ids) const;

  UnigramSpec spec_;
  std::uint32_t cache_owner_;
};

}  // namespace loci
