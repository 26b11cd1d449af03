// Byte-pair encoding of words: byte-level (GPT-2 and its heirs) and over characters with byte fallback
// (SentencePiece).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "text/tokenize/merge_table.h"
#include "text/tokenize/token_model.h"
#include "text/tokenize/vocabulary.h"

namespace loci {

/// The numbers of a BPE model; made by bpe_json.cc and bpe_gguf.cc.
struct BpeSpec {
  static constexpr TokenId kNone = -1;

  MergeTable merges;
  bool byte_level = false;           // the smallest symbols are bytes, else characters
  std::array<TokenId, 256> bytes{};  // [byte]: its token, as symbol or as fallback; kNone: there is none
  std::unordered_map<char32_t, TokenId> characters;  // not byte_level: the tokens of one character
  const Vocabulary* whole_words =
      nullptr;                // set: a word that is a token is that token, whatever the merges say
  TokenId unknown = kNone;    // for a symbol without a token; kNone: such a symbol is dropped
  bool fuse_unknown = false;  // a run of them is one token
  char32_t word_mark = 0;     // no merge crosses the place in front of a run of it ("▁"); 0: not known

  BpeSpec() { bytes.fill(kNone); }
};

class BpeModel final : public TokenModel {
 public:
  explicit BpeModel(BpeSpec spec);
  void encode(std::string_view word, std::vector<TokenId>& out) const override;

 private:
  void encode_part(std::string_view word, std::vector<TokenId>& out) const;  // with the cache
  std::optional<TokenId> find_whole(std::string_view word) const;
  void encode_anew(std::string_view word, std::vector<TokenId>& ids) const;
  void append_bytes(std::string_view word, std::vector<TokenId>& ids) const;
  void append_characters(std::string_view word, std::vector<TokenId>& ids) const;
  bool append_fallback(std::string_view character, std::vector<TokenId>& ids) const;
  void append_unknown(bool follows_unknown, std::vector<TokenId>& ids) const;

  void index_whole_words();

  BpeSpec spec_;
  std::string word_mark_;  // as UTF-8
  std::vector<TokenId>
      whole_word_ids_;  // hash table by bytes, linear probing, at most half full; kNone: free
  std::uint32_t cache_owner_;
};

/// "<0x0A>" as the byte it names, -1 where `piece` is nothing of the kind.
int parse_byte_piece(std::string_view piece);

}  // namespace loci
