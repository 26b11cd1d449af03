#include "text/tokenize/added_tokens.h"

#include <algorithm>

#include "base/check.h"
#include "text/tokenize/char_class.h"
#include "text/utf8.h"

namespace loci {
namespace {

std::size_t last_character(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

CharClass class_at(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  return char_class(read_valid_utf8(text.data() + at, length));
}

/// The whitespace in front of `at`, down to `floor`.
std::size_t strip_left(std::string_view text, std::size_t at, std::size_t floor) {
  while (at > floor) {
    const std::size_t before = last_character(text, at);
    if (class_at(text, before) != CharClass::kSpace) break;
    at = before;
  }
  return at;
}

std::size_t strip_right(std::string_view text, std::size_t at) {
  for (std::size_t length = 0; at < text.size(); at += length)
    if (char_class(read_valid_utf8(text.data() + at, length)) != CharClass::kSpace) break;
  return at;
}

bool is_word(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  return is_word_character(read_valid_utf8(text.data() + at, length));
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word(text, last_character(text, begin))) return false;
  return end == text.size() || !is_word(text, end);
}

}  // namespace

void AddedTokens::add(AddedToken token) {
  LOCI_CHECK(!token.content.empty());
  int node = kRoot;
  for (const char c : token.content) {
    const auto byte = static_cast<unsigned char>(c);
    int next = child(node, byte);
    if (next == kNone) {
      next = static_cast<int>(nodes_.size());
      nodes_[static_cast<std::size_t>(node)].children.emplace_back(byte, next);
      nodes_.emplace_back();
    }
    node = next;
  }
  int& end = nodes_[static_cast<std::size_t>(node)].token;
  if (end != kNone) return;  // the first of equal names
  end = static_cast<int>(tokens_.size());
  starts_[static_cast<unsigned char>(token.content.front())] = true;
  tokens_.push_back(std::move(token));
}

int AddedTokens::child(int node, unsigned char byte) const {
  for (const auto& [edge, next] : nodes_[static_cast<std::size_t>(node)].children)
    if (edge == byte) return next;
  return kNone;
}

const AddedToken* AddedTokens::longest_at(std::string_view text, std::size_t at, bool parse_special) const {
  const AddedToken* longest = nullptr;
  for (int node = kRoot; at < text.size(); ++at) {
    node = child(node, static_cast<unsigned char>(text[at]));
    if (node == kNone) break;
    const int token = nodes_[static_cast<std::size_t>(node)].token;
    if (token == kNone) continue;
    const AddedToken& candidate = tokens_[static_cast<std::size_t>(token)];
    if (parse_special || !candidate.special) longest = &candidate;
  }
  return longest;
}

void AddedTokens::split(std::string_view text, bool parse_special, OnText on_text, OnToken on_token) const {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* token =
        starts_[static_cast<unsigned char>(text[at])] ? longest_at(text, at, parse_special) : nullptr;
    if (token == nullptr) {
      ++at;
      continue;
    }
    const std::size_t token_end = at + token->content.size();
    if (!token->single_word || stands_alone(text, at, token_end)) {
      const std::size_t begin = token->left_strip ? strip_left(text, at, done) : at;
      if (begin > done) on_text(text.substr(done, begin - done));
      on_token(token->id);
      done = token->right_strip ? strip_right(text, token_end) : token_end;
    }
    at = std::max(token_end, done);
  }
  if (done < text.size()) on_text(text.substr(done));
}

}  // namespace loci
