// Where the Unicode tables of the `tokenizers` library are older than ours. Its normalizers of BERT and its
// punctuation know Unicode 8, its marks Unicode 9, its compatibility forms Unicode 12; to give the same
// tokens, characters that came later are none of these kinds here either.
#pragma once

namespace loci {

bool is_newer_nonspacing_mark(char32_t c);  // of Mn today, but not in BERT's normalizer
bool is_newer_mark(char32_t c);             // of M today, but not to StripAccents
bool is_newer_punctuation(char32_t c);      // of P today, but not to pre-tokenizers
bool is_newer_format(char32_t c);           // of Cf today, but not to BERT's normalizer
bool has_newer_form(char32_t c);            // decomposes today, but not there

}  // namespace loci
