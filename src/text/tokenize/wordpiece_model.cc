#include "text/tokenize/wordpiece_model.h"

#include <algorithm>

#include "text/tokenize/word_cache.h"

namespace loci {

WordPieceModel::WordPieceModel(WordPieceSpec spec)
    : spec_(std::move(spec)), cache_owner_(WordCache::new_owner()) {}

void WordPieceModel::encode(std::string_view word, std::vector<TokenId>& out) const {
  encode_cached(cache_owner_, word, out,
                [this](std::string_view text, std::vector<TokenId>& ids) { encode_anew(text, ids); });
}

void WordPieceModel::encode_anew(std::string_view word, std::vector<TokenId>& ids) const {
  const auto characters = static_cast<std::size_t>(std::count_if(
      word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  if (characters > spec_.max_characters) return ids.push_back(spec_.unknown);
  for (std::size_t at = 0; at < word.size();) {
    std::size_t length = 0;
    TokenId id = spec_.unknown;
    const PrefixTrie& pieces = at == 0 ? spec_.initial : spec_.continuing;
    pieces.match(word.substr(at), [&](std::size_t bytes, std::int32_t piece) { length = bytes, id = piece; });
    if (length == 0) {
      ids.assign(1, spec_.unknown);
      return;
    }
    ids.push_back(id);
    at += length;
  }
}

}  // namespace loci
