#include "text/tokenize/pre_tokenizer.h"

#include <optional>

#include "text/tokenize/byte_alphabet.h"
#include "text/tokenize/char_class.h"
#include "text/utf8.h"

namespace loci {
namespace {

class Sequence final : public PreTokenizer {
 public:
  explicit Sequence(std::vector<PreTokenizerPtr> steps) : steps_(std::move(steps)) {}
  void split(Piece piece, EmitPiece emit) const override { split_from(0, piece, emit); }

 private:
  void split_from(std::size_t step, Piece piece, EmitPiece emit) const {
    if (step == steps_.size()) return emit(piece);
    if (step + 1 == steps_.size()) return steps_[step]->split(piece, emit);
    steps_[step]->split(piece, [&](Piece part) { split_from(step + 1, part, emit); });
  }
  std::vector<PreTokenizerPtr> steps_;
};

class Scanner final : public PreTokenizer {
 public:
  explicit Scanner(WordScanner scanner) : scanner_(scanner) {}
  void split(Piece piece, EmitPiece emit) const override {
    const char *at = piece.text.data(), *end = at + piece.text.size();
    for (bool at_start = piece.at_start; at < end; at_start = false) {
      const char* stop = scanner_(at, end);
      emit({{at, stop}, at_start});
      at = stop;
    }
  }

 private:
  WordScanner scanner_;
};

struct Literal {
  std::string text;
  std::optional<Regex::Match> find(std::string_view in, std::size_t from) const {
    const std::size_t at = in.find(text, from);
    if (at == std::string_view::npos) return std::nullopt;
    return Regex::Match{at, at + text.size()};
  }
};

/// A character of punctuation, one at a time.
struct Punctuation {
  std::optional<Regex::Match> find(std::string_view in, std::size_t from) const {
    for (std::size_t length = 0; from < in.size(); from += length)
      if (is_punctuation(read_valid_utf8(in.data() + from, length))) return Regex::Match{from, from + length};
    return std::nullopt;
  }
};

/// Joins the stretches of a text, alternately matched and not, as a SplitBehavior says. Hands over a piece
/// as soon as nothing can be joined to it any more.
class Joiner {
 public:
  Joiner(Piece piece, SplitOptions options, EmitPiece emit) : piece_(piece), options_(options), emit_(emit) {}

  void add(std::size_t begin, std::size_t end, bool matched) {
    if (begin == end) return;
    const bool delimiter = matched != options_.invert;
    if (delimiter && options_.behavior == SplitBehavior::kRemoved) return flush();
    if (!joins(delimiter)) flush();
    if (begin_ == end_) begin_ = begin;
    end_ = end;
    last_is_delimiter_ = delimiter;
  }
  void flush() {
    if (begin_ < end_) emit_({piece_.text.substr(begin_, end_ - begin_), piece_.at_start && begin_ == 0});
    begin_ = end_ = 0;
  }

 private:
  bool joins(bool delimiter) const {
    switch (options_.behavior) {
      case SplitBehavior::kMergedWithPrevious:
        return delimiter && !last_is_delimiter_;
      case SplitBehavior::kMergedWithNext:
        return !delimiter && last_is_delimiter_;
      case SplitBehavior::kContiguous:
        return delimiter == last_is_delimiter_;
      default:
        return false;
    }
  }
  Piece piece_;
  SplitOptions options_;
  EmitPiece emit_;
  std::size_t begin_ = 0, end_ = 0;  // what is held back; empty: nothing
  bool last_is_delimiter_ = false;
};

template <class Pattern>
class Split final : public PreTokenizer {
 public:
  Split(Pattern pattern, SplitOptions options) : pattern_(std::move(pattern)), options_(options) {}

  void split(Piece piece, EmitPiece emit) const override {
    Joiner joiner(piece, options_, emit);
    std::size_t done = 0;  // what has been handed to the joiner
    for (std::size_t from = 0; from < piece.text.size();) {
      const auto match = pattern_.find(piece.text, from);
      if (!match || match->begin == piece.text.size()) break;
      if (match->begin == match->end) {  // an empty match separates nothing; go on behind the next character
        std::size_t length = 0;
        read_valid_utf8(piece.text.data() + match->begin, length);
        from = match->begin + length;
        continue;
      }
      joiner.add(done, match->begin, false);
      joiner.add(match->begin, match->end, true);
      done = from = match->end;
    }
    joiner.add(done, piece.text.size(), false);
    joiner.flush();
  }

 private:
  Pattern pattern_;
  SplitOptions options_;
};

class PrefixSpace final : public PreTokenizer {
 public:
  void split(Piece piece, EmitPiece emit) const override {
    if (piece.text.empty() || piece.text.front() == ' ') return emit(piece);
    const std::string spaced = " " + std::string(piece.text);
    emit({spaced, piece.at_start});
  }
};

class Metaspace final : public PreTokenizer {
 public:
  Metaspace(std::string mark, PrependScheme scheme, bool split)
      : mark_(std::move(mark)),
        scheme_(scheme),
        cut_(Literal{mark_}, {SplitBehavior::kMergedWithNext}),
        split_(split) {}

  void split(Piece piece, EmitPiece emit) const override {
    const std::string marked = mark(piece);
    if (split_)
      cut_.split({marked, piece.at_start}, emit);
    else
      emit({marked, piece.at_start});
  }

 private:
  std::string mark(Piece piece) const {
    std::string out;
    out.reserve(piece.text.size() + piece.text.size() / 2);
    const bool wanted =
        scheme_ == PrependScheme::kAlways || (scheme_ == PrependScheme::kFirst && piece.at_start);
    if (wanted && !piece.text.starts_with(' ') && !piece.text.starts_with(mark_)) out = mark_;
    for (const char c : piece.text) {
      if (c == ' ')
        out += mark_;
      else
        out += c;
    }
    return out;
  }
  std::string mark_;
  PrependScheme scheme_;
  Split<Literal> cut_;
  bool split_;
};

class Bert final : public PreTokenizer {
 public:
  void split(Piece piece, EmitPiece emit) const override {
    std::size_t begin = 0;  // of the word that is being read
    const auto end_word = [&](std::size_t end) {
      if (begin < end) emit({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
      begin = end;
    };
    for (std::size_t at = 0, length = 0; at < piece.text.size(); at += length) {
      const char32_t c = read_valid_utf8(piece.text.data() + at, length);
      const bool space = char_class(c) == CharClass::kSpace;
      if (!space && !is_punctuation(c)) continue;
      end_word(at);
      if (space) begin = at + length;
      end_word(at + length);
    }
    end_word(piece.text.size());
  }
};

class ByteAlphabet final : public PreTokenizer {
 public:
  explicit ByteAlphabet(PreTokenizerPtr inner) : inner_(std::move(inner)) {}
  void split(Piece piece, EmitPiece emit) const override {
    const std::string written = to_byte_alphabet(piece.text);
    inner_->split({written, piece.at_start}, [&](Piece part) {
      // A step may put in a character of its own that is none of the alphabet's; it stays as it is.
      const std::optional<std::string> bytes = from_byte_alphabet(part.text);
      emit({bytes ? std::string_view(*bytes) : part.text, part.at_start});
    });
  }

 private:
  PreTokenizerPtr inner_;
};

}  // namespace

PreTokenizerPtr sequence_pre_tokenizer(std::vector<PreTokenizerPtr> steps) {
  if (steps.size() == 1) return std::move(steps.front());
  return std::make_unique<Sequence>(std::move(steps));
}

Result<PreTokenizerPtr> regex_pre_tokenizer(std::string_view pattern, SplitOptions options) {
  // The scanners' patterns cover every character, so that a text has no delimiters besides matches.
  const bool only_matches = options.behavior == SplitBehavior::kIsolated ||
                            (options.behavior == SplitBehavior::kRemoved && options.invert);
  const WordScanner scanner = find_word_scanner(pattern);
  if (scanner != nullptr && only_matches) return std::make_unique<Scanner>(scanner);
  LOCI_TRY(Regex regex, Regex::compile(pattern));
  return std::make_unique<Split<Regex>>(std::move(regex), options);
}

PreTokenizerPtr literal_pre_tokenizer(std::string text, SplitOptions options) {
  return std::make_unique<Split<Literal>>(Literal{std::move(text)}, options);
}
PreTokenizerPtr punctuation_pre_tokenizer(SplitOptions options) {
  return std::make_unique<Split<Punctuation>>(Punctuation{}, options);
}
PreTokenizerPtr prefix_space_pre_tokenizer() {
  return std::make_unique<PrefixSpace>();
}
PreTokenizerPtr metaspace_pre_tokenizer(std::string mark, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(std::move(mark), scheme, split);
}
PreTokenizerPtr bert_pre_tokenizer() {
  return std::make_unique<Bert>();
}
PreTokenizerPtr byte_alphabet_pre_tokenizer(PreTokenizerPtr inner) {
  return std::make_unique<ByteAlphabet>(std::move(inner));
}

}  // namespace loci
