#include "text/tokenize/unigram_model.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "text/tokenize/word_cache.h"
#include "text/utf8.h"

namespace loci {

struct UnigramModel::Step {
  static constexpr std::uint32_t kUnreached = 0xFFFFFFFF;

  double score = 0;
  std::uint32_t from = kUnreached;  // where its piece begins
  TokenId id = 0;
};

UnigramModel::UnigramModel(UnigramSpec spec) : spec_(std::move(spec)), cache_owner_(WordCache::new_owner()) {}

void UnigramModel::encode(std::string_view text, std::vector<TokenId>& out) const {
  const auto anew = [this](std::string_view word, std::vector<TokenId>& ids) { encode_anew(word, ids); };
  if (spec_.cached) return encode_cached(cache_owner_, text, out, anew);
  encode_anew(text, out);
}

/// best[i]: the highest sum over the ways to cut text[0, i), and its last piece.
template <class Score>
void UnigramModel::find_best(std::string_view text, std::vector<Step>& best) const {
  for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
    read_valid_utf8(text.data() + at, length);
    const auto here = static_cast<Score>(best[at].score);
    const auto offer = [&](std::size_t bytes, TokenId id, double score) {
      const Score sum = static_cast<Score>(score) + here;
      Step& step = best[at + bytes];
      if (step.from == Step::kUnreached || sum > static_cast<Score>(step.score))
        step = {sum, static_cast<std::uint32_t>(at), id};
    };
    bool covered = false;  // by a piece of this one character
    spec_.pieces.match(text.substr(at), [&](std::size_t bytes, TokenId id) {
      offer(bytes, id, spec_.scores[static_cast<std::size_t>(id)]);
      covered = covered || bytes == length;
    });
    if (!covered) offer(length, UnigramSpec::kNone, spec_.unknown_score);
  }
}

void UnigramModel::encode_anew(std::string_view text, std::vector<TokenId>& ids) const {
  LOCI_CHECK(text.size() < Step::kUnreached);
  std::vector<Step> best(text.size() + 1);
  if (spec_.single_precision)
    find_best<float>(text, best);
  else
    find_best<double>(text, best);
  struct Cut {
    std::uint32_t begin, end;
    TokenId id;
  };
  std::vector<Cut> cuts;  // from the last to the first
  for (auto end = static_cast<std::uint32_t>(text.size()); end > 0; end = best[end].from) {
    const Step& step = best[end];
    const bool fuses = spec_.fuse_unknown && step.id == UnigramSpec::kNone && !cuts.empty() &&
                       cuts.back().id == UnigramSpec::kNone;
    if (fuses)
      cuts.back().begin = step.from;
    else
      cuts.push_back({step.from, end, step.id});
  }
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
    if (cut->id != UnigramSpec::kNone)
      ids.push_back(cut->id);
    else
      append_unknown(text.substr(cut->begin, cut->end - cut->begin), ids);
  }
}

void UnigramModel::append_unknown(std::string_view characters, std::vector<TokenId>& ids) const {
  const auto token = [this](char byte) { return spec_.bytes[static_cast<unsigned char>(byte)]; };
  if (std::none_of(characters.begin(), characters.end(),
                   [&](char byte) { return token(byte) == UnigramSpec::kNone; })) {
    for (const char byte : characters) ids.push_back(token(byte));
  } else if (spec_.unknown != UnigramSpec::kNone) {
    ids.push_back(spec_.unknown);
  }
}

}  // namespace loci
