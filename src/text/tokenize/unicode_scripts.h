// The pre-tokenizer UnicodeScripts: a word ends where the script changes.
#pragma once

#include <string>

namespace loci {

/// A regular expression whose matches are the words. Hiragana, Katakana and the long vowel mark count as Han;
/// a space belongs to the word in front of it, and to none at the beginning.
std::string unicode_scripts_pattern();

}  // namespace loci
