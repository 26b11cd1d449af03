// A tokenizer turns text into token ids and back. Immutable after it is made; safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "tensor/checkpoint.h"

namespace loci {

struct EncodeOptions {
  bool add_special_tokens = true;    // BOS/EOS as the model's own tokenizer adds them
  bool parse_special_tokens = true;  // "<|im_end|>" in the text is that token, not seven pieces
};

/// How a token takes part in decoded text.
enum class TokenKind { kText, kByte, kSpecial };

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Invalid UTF-8 is read as U+FFFD. Linear in the length of `text`, up to a logarithm.
  virtual std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const = 0;

  /// The bytes that `token` contributes to text: a leading space stays, "▁" is a space, "<0x0A>" is a
  /// newline; a special token contributes its own name (whether to show it is the caller's choice). Empty for
  /// ids outside the vocabulary.
  virtual std::string_view token_bytes(TokenId token) const = 0;
  virtual TokenKind kind(TokenId token) const = 0;
  /// The token as the vocabulary file writes it ("▁the", "Ġthe", "<0x0A>"); empty outside the vocabulary.
  virtual std::string_view piece(TokenId token) const = 0;
  virtual std::optional<TokenId> find(std::string_view piece) const = 0;

  virtual int vocab_size() const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual std::optional<TokenId> eos() const = 0;
  virtual bool adds_bos() const = 0;  // encode(add_special_tokens) puts BOS in front
  /// True where decoding drops one leading space of a text (SentencePiece's dummy prefix).
  virtual bool strips_leading_space() const = 0;
  /// ... and one of each further token, until there is text (SentencePiece where it removes extra spaces).
  virtual bool strips_more_leading_spaces() const { return false; }

  /// Decodes a whole text. Bytes that are not UTF-8 come out as U+FFFD.
  std::string decode(std::span<const TokenId> tokens, bool skip_special = true) const;
};

/// The tokenizer of a checkpoint: the vocabulary of a Hugging Face folder, or tokenizer.ggml.* of a GGUF.
/// kUnsupported naming the kind where it is none that Loci knows.
Result<std::unique_ptr<Tokenizer>> load_tokenizer(const Checkpoint& checkpoint);

}  // namespace loci
