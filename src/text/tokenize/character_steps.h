// Normalizers that look at one character at a time.
#pragma once

#include "text/tokenize/normalizer.h"

namespace loci {

/// BERT's cleaning: control characters, U+0000 and U+FFFD vanish, every kind of whitespace becomes a space.
NormalizerStepPtr clean_text_step();
/// Spaces around every CJK ideograph, so that each becomes a word.
NormalizerStepPtr isolate_ideographs_step();
/// Non-spacing marks (Mn) vanish: behind NFD, what BERT means by stripping accents.
NormalizerStepPtr strip_nonspacing_marks_step();
struct BertNormalization {
  bool cleans_text = true, isolates_ideographs = true, strips_accents = true, lowers_case = true;
};
/// The steps of BERT's normalizer, in its order.
std::vector<NormalizerStepPtr> bert_steps(const BertNormalization& options);

/// All combining marks (M) vanish: the normalizer StripAccents.
NormalizerStepPtr strip_marks_step();
/// The clean-up of SentencePiece's "nmt" rules: some controls vanish, other invisible characters are spaces.
NormalizerStepPtr nmt_step();
/// Every byte as its character of GPT-2's alphabet.
NormalizerStepPtr byte_alphabet_step();

}  // namespace loci
