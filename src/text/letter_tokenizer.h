// A vocabulary of 64 tokens: <unk>, <s>, </s> and single letters, for engines without a model.
#pragma once

#include <array>

#include "text/tokenizer.h"

namespace loci {

class LetterTokenizer final : public Tokenizer {
 public:
  static constexpr int kVocabulary = 64;

  std::vector<TokenId> encode(std::string_view text, EncodeOptions) const override {
    std::vector<TokenId> tokens;
    for (const char letter : text) tokens.push_back(find({&letter, 1}).value_or(0));
    return tokens;
  }
  std::string_view token_bytes(TokenId token) const override { return piece(token); }
  TokenKind kind(TokenId token) const override { return token < 3 ? TokenKind::kSpecial : TokenKind::kText; }
  std::string_view piece(TokenId token) const override {
    constexpr std::array<std::string_view, 3> kSpecial{"<unk>", "<s>", "</s>"};
    if (token < 0 || token >= kVocabulary) return {};
    return token < 3 ? kSpecial[static_cast<std::size_t>(token)]
                     : kLetters.substr(static_cast<std::size_t>(token) - 3, 1);
  }
  std::optional<TokenId> find(std::string_view piece) const override {
    if (piece.size() != 1) return std::nullopt;
    const auto at = kLetters.find(piece);
    return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<TokenId>(at) + 3);
  }
  int vocab_size() const override { return kVocabulary; }
  std::optional<TokenId> bos() const override { return 1; }
  std::optional<TokenId> eos() const override { return 2; }
  bool adds_bos() const override { return false; }
  bool strips_leading_space() const override { return false; }

 private:
  static constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
};

}  // namespace loci
