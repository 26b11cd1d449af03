#include "text/tokenize/bpe_builder.h"

#include <algorithm>

#include "text/tokenize/byte_alphabet.h"
#include "text/tokenize/json_fields.h"
#include "text/utf8.h"

namespace loci {

void BpeBuilder::use_bytes() {
  spec_.byte_level = true;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    spec_.bytes[byte] = vocabulary_.find(to_byte_alphabet({&c, 1})).value_or(BpeSpec::kNone);
  }
}

void BpeBuilder::use_characters() {
  for (TokenId id = 0; id < vocabulary_.size(); ++id) {
    const std::string_view piece = vocabulary_.piece(id);
    if (piece.empty() || vocabulary_.kind(id) != TokenKind::kText) continue;
    std::size_t length = 0;
    const char32_t character = read_valid_utf8(piece.data(), length);
    if (length == piece.size()) spec_.characters.emplace(character, id);
  }
}

void BpeBuilder::use_byte_fallback() {
  for (std::size_t byte = 0; byte < 256; ++byte)
    spec_.bytes[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte)).value_or(BpeSpec::kNone);
}

Result<void> BpeBuilder::add_merge(std::string_view left, std::string_view right) {
  const auto left_id = vocabulary_.find(left), right_id = vocabulary_.find(right);
  if (!left_id || !right_id)
    return fail(ErrorCode::kCorrupt, "{} is not in the vocabulary", shown(left_id ? right : left));
  std::string whole(left);
  whole += right;
  const auto merged = vocabulary_.find(whole);
  if (!merged) return fail(ErrorCode::kCorrupt, "the merged token {} is not in the vocabulary", shown(whole));
  add_merge(*left_id, *right_id, {next_rank_++, *merged});
  return {};
}

Result<BpeBuilder::Pair> BpeBuilder::split(std::string_view pair) {
  const std::size_t space = pair.find(' ', 1);
  if (space == std::string_view::npos || space + 1 == pair.size())
    return fail(ErrorCode::kCorrupt, "{} is not a pair of tokens", shown(pair));
  return Pair{pair.substr(0, space), pair.substr(space + 1)};
}

Result<void> BpeBuilder::add_merge(std::string_view pair) {
  LOCI_TRY(const Pair sides, split(pair));
  return add_merge(sides.left, sides.right);
}

Result<bool> BpeBuilder::add_known_merge(std::string_view pair) {
  LOCI_TRY(const Pair sides, split(pair));
  const bool known = vocabulary_.find(sides.left) && vocabulary_.find(sides.right) &&
                     vocabulary_.find(std::string(sides.left).append(sides.right));
  if (known) LOCI_TRY_VOID(add_merge(sides.left, sides.right));
  return known;
}

void BpeBuilder::add_merge(TokenId left, TokenId right, MergeTable::Merge merge) {
  spec_.merges.add(left, right, merge);
  pairs_.emplace_back(left, right);
}

void BpeBuilder::use_word_mark(std::string_view mark) {
  if (spec_.byte_level || spec_.whole_words != nullptr || mark.empty()) return;
  std::size_t length = 0;
  const char32_t character = read_valid_utf8(mark.data(), length);
  // A mark without a token could be fused with an unknown character in front of it.
  if (length != mark.size() || !spec_.characters.contains(character)) return;
  const bool crosses = std::any_of(pairs_.begin(), pairs_.end(), [&](const auto& pair) {
    return !vocabulary_.piece(pair.first).ends_with(mark) && vocabulary_.piece(pair.second).starts_with(mark);
  });
  if (!crosses) spec_.word_mark = character;
}

}  // namespace loci
