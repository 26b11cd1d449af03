#include "text/tokenize/bpe_model.h"

#include <algorithm>
#include <bit>

#include "text/tokenize/word_cache.h"
#include "text/utf8.h"

namespace loci {

BpeModel::BpeModel(BpeSpec spec) : spec_(std::move(spec)), cache_owner_(WordCache::new_owner()) {
  if (spec_.word_mark != 0) append_utf8(spec_.word_mark, word_mark_);
  if (spec_.whole_words != nullptr) index_whole_words();
}

/// By the bytes that a token stands for, so that a word needs no other alphabet to be found.
void BpeModel::index_whole_words() {
  const Vocabulary& words = *spec_.whole_words;
  whole_word_ids_.assign(std::bit_ceil(2 * static_cast<std::size_t>(words.size()) + 16), BpeSpec::kNone);
  const std::size_t mask = whole_word_ids_.size() - 1;
  for (TokenId id = 0; id < words.size(); ++id) {
    const std::string_view bytes = spec_.byte_level ? words.bytes(id) : words.piece(id);
    if (bytes.empty() || words.kind(id) != TokenKind::kText) continue;
    std::size_t slot = WordCache::hash(bytes) & mask;
    while (whole_word_ids_[slot] != BpeSpec::kNone) slot = (slot + 1) & mask;
    whole_word_ids_[slot] = id;
  }
}

void BpeModel::encode(std::string_view word, std::vector<TokenId>& out) const {
  if (word_mark_.empty()) return encode_part(word, out);
  // A part: marks, if any, then characters up to the next mark.
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t end = begin;
    while (word.substr(end).starts_with(word_mark_)) end += word_mark_.size();
    end = std::min(word.find(word_mark_, end), word.size());
    encode_part(word.substr(begin, end - begin), out);
    begin = end;
  }
}

void BpeModel::encode_part(std::string_view word, std::vector<TokenId>& out) const {
  encode_cached(cache_owner_, word, out,
                [this](std::string_view part, std::vector<TokenId>& ids) { encode_anew(part, ids); });
}

std::optional<TokenId> BpeModel::find_whole(std::string_view word) const {
  if (whole_word_ids_.empty()) return std::nullopt;
  const Vocabulary& words = *spec_.whole_words;
  const std::size_t mask = whole_word_ids_.size() - 1;
  for (std::size_t slot = WordCache::hash(word) & mask;; slot = (slot + 1) & mask) {
    const TokenId id = whole_word_ids_[slot];
    if (id == BpeSpec::kNone) return std::nullopt;
    const bool same = spec_.byte_level ? words.bytes(id) == word : words.piece(id) == word;
    if (same && words.kind(id) == TokenKind::kText) return id;  // "<|eot_id|>" as text stays text
  }
}

void BpeModel::encode_anew(std::string_view word, std::vector<TokenId>& ids) const {
  if (const auto whole = find_whole(word)) return ids.push_back(*whole);
  if (spec_.byte_level)
    append_bytes(word, ids);
  else
    append_characters(word, ids);
  merge_all(spec_.merges, ids);
}

void BpeModel::append_bytes(std::string_view word, std::vector<TokenId>& ids) const {
  ids.reserve(word.size());
  bool follows_unknown = false;
  for (const char byte : word) {
    const TokenId id = spec_.bytes[static_cast<unsigned char>(byte)];
    if (id == BpeSpec::kNone)
      append_unknown(follows_unknown, ids);
    else
      ids.push_back(id);
    follows_unknown = id == BpeSpec::kNone;
  }
}

void BpeModel::append_characters(std::string_view word, std::vector<TokenId>& ids) const {
  ids.reserve(word.size());
  bool follows_unknown = false;
  for (std::size_t at = 0, length = 0; at < word.size(); at += length) {
    const auto found = spec_.characters.find(read_valid_utf8(word.data() + at, length));
    const bool known = found != spec_.characters.end();
    if (known) ids.push_back(found->second);
    const bool unknown = !known && !append_fallback(word.substr(at, length), ids);
    if (unknown) append_unknown(follows_unknown, ids);
    follows_unknown = unknown;
  }
}

bool BpeModel::append_fallback(std::string_view character, std::vector<TokenId>& ids) const {
  const auto token = [this](char byte) { return spec_.bytes[static_cast<unsigned char>(byte)]; };
  if (std::any_of(character.begin(), character.end(), [&](char c) { return token(c) == BpeSpec::kNone; }))
    return false;
  for (const char byte : character) ids.push_back(token(byte));
  return true;
}

void BpeModel::append_unknown(bool follows_unknown, std::vector<TokenId>& ids) const {
  if (spec_.unknown == BpeSpec::kNone || (spec_.fuse_unknown && follows_unknown)) return;
  ids.push_back(spec_.unknown);
}

int parse_byte_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  const int high = digit(piece[3]), low = digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace loci
