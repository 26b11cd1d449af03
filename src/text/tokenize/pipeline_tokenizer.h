// The one Tokenizer there is: added tokens, normalizer, pre-tokenizer, model, special tokens around the
// whole. The readers (tokenizer_json.cc, tokenizer_gguf.cc) choose the parts. Immutable; safe from any
// thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "text/tokenize/added_tokens.h"
#include "text/tokenize/normalizer.h"
#include "text/tokenize/pre_tokenizer.h"
#include "text/tokenize/token_model.h"
#include "text/tokenize/vocabulary.h"
#include "text/tokenizer.h"

namespace loci {

struct TokenizerParts {
  std::unique_ptr<Vocabulary> vocabulary;  // at a fixed address: the model may look words up
  AddedTokens raw_added;                   // found in the text as it came
  AddedTokens normalized_added;            // found in the normalized text
  Normalizer normalizer;
  PreTokenizerPtr pre_tokenizer;  // nullptr: a text is one word
  std::unique_ptr<const TokenModel> model;
  std::vector<TokenId> front, behind;  // what add_special_tokens puts around a text
  std::optional<TokenId> bos, eos;
  bool strips_leading_space = false, strips_more_leading_spaces = false;
};

class PipelineTokenizer final : public Tokenizer {
 public:
  explicit PipelineTokenizer(TokenizerParts parts) : parts_(std::move(parts)) {}

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  std::string_view token_bytes(TokenId token) const override { return parts_.vocabulary->bytes(token); }
  TokenKind kind(TokenId token) const override { return parts_.vocabulary->kind(token); }
  std::string_view piece(TokenId token) const override { return parts_.vocabulary->piece(token); }
  std::optional<TokenId> find(std::string_view piece) const override {
    return parts_.vocabulary->find(piece);
  }
  int vocab_size() const override { return parts_.vocabulary->size(); }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  bool adds_bos() const override;
  bool strips_leading_space() const override { return parts_.strips_leading_space; }
  bool strips_more_leading_spaces() const override { return parts_.strips_more_leading_spaces; }

 private:
  void encode_stretch(std::string_view text, bool at_start, bool parse_special,
                      std::vector<TokenId>& ids) const;
  void encode_normalized(std::string_view text, bool at_start, std::vector<TokenId>& ids) const;

  TokenizerParts parts_;
};

}  // namespace loci
