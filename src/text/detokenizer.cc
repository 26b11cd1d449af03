#include "text/detokenizer.h"

#include <algorithm>

#include "text/utf8.h"

namespace loci {

bool Detokenizer::is_skipped(TokenId token) const {
  return options_.skip_special && tokenizer_->kind(token) == TokenKind::kSpecial &&
         std::ranges::find(options_.kept_special, token) == options_.kept_special.end();
}

std::string Detokenizer::push(TokenId token) {
  if (is_skipped(token)) return {};
  std::string_view bytes = tokenizer_->token_bytes(token);
  if (at_start_ && !bytes.empty()) {
    const bool strips = tokenizer_->strips_leading_space() && !options_.continues_text;
    if (strips && bytes.front() == ' ') bytes.remove_prefix(1);
    at_start_ = strips && bytes.empty() && tokenizer_->strips_more_leading_spaces();
  }
  std::string text;
  if (pending_.empty()) {
    pending_ = bytes.substr(append_lossy(bytes, text));
  } else {
    pending_.append(bytes);
    pending_.erase(0, append_lossy(pending_, text));
  }
  return text;
}

std::string Detokenizer::flush() {
  std::string text = to_valid_utf8(pending_);
  pending_.clear();
  return text;
}

}  // namespace loci
