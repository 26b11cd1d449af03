// SentencePiece's own normalizer: compiled rules, spaces, and the mark that stands for them.
// https://github.com/google/sentencepiece/blob/master/doc/normalization.md
#pragma once

#include "text/tokenize/charsmap.h"
#include "text/tokenize/normalizer.h"
#include "text/tokenize/prefix_trie.h"

namespace loci {

inline constexpr std::string_view kSentencePieceSpace = "\xE2\x96\x81";  // "▁"

struct SentencePieceNormalization {
  Charsmap rules;
  PrefixTrie kept;  // user-defined pieces: no rule changes them
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

NormalizerStepPtr sentencepiece_step(SentencePieceNormalization options);
/// The normalizer Precompiled of tokenizer.json: the rules alone, applied as the `tokenizers` library does:
/// to a whole grapheme of less than 6 bytes, else character by character; the shortest rule that fits.
NormalizerStepPtr precompiled_step(Charsmap rules);

}  // namespace loci
