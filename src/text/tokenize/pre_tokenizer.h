// Pre-tokenizers cut a text into words; the model never merges across their edges. Immutable; safe from any
// thread. A step calls the next one for every piece that it cuts off, so that a text runs through without
// lists of pieces. Time: linear in the text (a Split step is as linear as its regular expression).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/tokenize/function_ref.h"
#include "text/tokenize/regex.h"
#include "text/tokenize/word_scanner.h"

namespace loci {

struct Piece {
  std::string_view text;  // valid UTF-8; lives as long as the call that hands it over
  bool at_start;          // it begins where the whole input begins
};
using EmitPiece = FunctionRef<void(Piece)>;

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Gives the words of `piece` to `emit`, in order, none of them empty.
  virtual void split(Piece piece, EmitPiece emit) const = 0;
};
using PreTokenizerPtr = std::unique_ptr<const PreTokenizer>;

/// What becomes of a delimiter (Hugging Face's names).
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

struct SplitOptions {
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool invert = false;  // the pattern describes the words, what lies between them are the delimiters
};

enum class PrependScheme { kAlways, kFirst, kNever };

/// The steps one after the other.
PreTokenizerPtr sequence_pre_tokenizer(std::vector<PreTokenizerPtr> steps);
/// Cuts at the matches of a regular expression, by a hand-written scanner where there is one. kUnsupported:
/// see Regex.
Result<PreTokenizerPtr> regex_pre_tokenizer(std::string_view pattern, SplitOptions options = {});
/// Cuts at the occurrences of a string, which is not empty.
PreTokenizerPtr literal_pre_tokenizer(std::string text, SplitOptions options);
/// Cuts at every character of punctuation (is_punctuation).
PreTokenizerPtr punctuation_pre_tokenizer(SplitOptions options);
/// Puts a space in front of a piece that does not begin with one (ByteLevel's add_prefix_space).
PreTokenizerPtr prefix_space_pre_tokenizer();
/// Spaces become `mark`; one is put in front as `scheme` says; with `split` a word begins at every mark.
PreTokenizerPtr metaspace_pre_tokenizer(std::string mark, PrependScheme scheme, bool split);
/// BERT's: words between whitespace, every character of punctuation a word of its own.
PreTokenizerPtr bert_pre_tokenizer();
/// Runs `inner` on the piece in GPT-2's byte alphabet: what a step behind ByteLevel in a tokenizer.json sees.
PreTokenizerPtr byte_alphabet_pre_tokenizer(PreTokenizerPtr inner);

}  // namespace loci
