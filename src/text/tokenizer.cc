#include "text/tokenizer.h"

#include "text/tokenizer_folder.h"
#include "text/tokenizer_gguf.h"
#include "text/utf8.h"

namespace loci {

// What a Detokenizer gives token by token, in one go.
std::string Tokenizer::decode(std::span<const TokenId> tokens, bool skip_special) const {
  std::string bytes;
  bytes.reserve(tokens.size() * 5);
  bool at_start = strips_leading_space();
  const bool strips_more = strips_more_leading_spaces();
  for (const TokenId token : tokens) {
    if (skip_special && kind(token) == TokenKind::kSpecial) continue;
    std::string_view more = token_bytes(token);
    if (at_start && more.starts_with(' ')) more.remove_prefix(1);
    at_start = at_start && more.empty() && (strips_more || token_bytes(token).empty());
    bytes.append(more);
  }
  return is_valid_utf8(bytes) ? bytes : to_valid_utf8(bytes);
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.is_gguf()) return tokenizer_from_gguf(checkpoint.gguf());
  return tokenizer_from_files(checkpoint.tokenizer_files());
}

}  // namespace loci
