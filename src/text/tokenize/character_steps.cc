#include "text/tokenize/character_steps.h"

#include <utf8proc.h>

#include "text/tokenize/byte_alphabet.h"
#include "text/tokenize/char_class.h"
#include "text/tokenize/unicode_age.h"
#include "text/utf8.h"

namespace loci {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

/// Appends what becomes of `c`, whose UTF-8 is `bytes`.
using Rewrite = void (*)(char32_t c, std::string_view bytes, std::string& out);

class Rewriter final : public NormalizerStep {
 public:
  explicit Rewriter(Rewrite rewrite) : rewrite_(rewrite) {}
  std::string apply(std::string text) const override {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
      const char32_t c = read_valid_utf8(text.data() + at, length);
      rewrite_(c, std::string_view(text).substr(at, length), out);
    }
    return out;
  }

 private:
  Rewrite rewrite_;
};

void clean(char32_t c, std::string_view bytes, std::string& out) {
  if (char_class(c) == CharClass::kSpace && (c < 0x1C || c > 0x1F)) {
    const bool control = c == '\v' || c == '\f' || c == 0x85;  // whitespace, but controls to BERT
    if (!control) out += ' ';
    return;
  }
  if (c == 0xFFFD) return;
  const auto kind = category(c);
  const bool invisible =
      kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO;
  if (!invisible || is_newer_format(c)) out += bytes;
}

/// The blocks that BERT's tokenizer calls Chinese, as its Rust version has them.
bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

void isolate_ideograph(char32_t c, std::string_view bytes, std::string& out) {
  if (!is_ideograph(c)) {
    out += bytes;
    return;
  }
  out += ' ';
  out += bytes;
  out += ' ';
}

void strip_nonspacing_mark(char32_t c, std::string_view bytes, std::string& out) {
  const bool was_mark = c == 0x1734 || c == 0x1171E;  // spacing marks today
  const bool mark = was_mark || (category(c) == UTF8PROC_CATEGORY_MN && !is_newer_nonspacing_mark(c));
  if (!mark) out += bytes;
}

void strip_mark(char32_t c, std::string_view bytes, std::string& out) {
  const auto kind = category(c);
  const bool mark =
      kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC || kind == UTF8PROC_CATEGORY_ME;
  const bool was_mark = c == 0x1CF2 || c == 0x1CF3;  // letters today
  if (!was_mark && (!mark || is_newer_mark(c))) out += bytes;
}

void clean_for_nmt(char32_t c, std::string_view bytes, std::string& out) {
  const bool removed = (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
                       c == 0x8F || c == 0x9F;
  if (removed) return;
  const bool space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                     (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                     c == 0xFEFF || c == 0xFFFD;
  if (space)
    out += ' ';
  else
    out += bytes;
}

void spell_bytes(char32_t, std::string_view bytes, std::string& out) {
  out += to_byte_alphabet(bytes);
}

}  // namespace

NormalizerStepPtr clean_text_step() {
  return std::make_unique<Rewriter>(clean);
}
NormalizerStepPtr isolate_ideographs_step() {
  return std::make_unique<Rewriter>(isolate_ideograph);
}
NormalizerStepPtr strip_nonspacing_marks_step() {
  return std::make_unique<Rewriter>(strip_nonspacing_mark);
}
std::vector<NormalizerStepPtr> bert_steps(const BertNormalization& options) {
  std::vector<NormalizerStepPtr> steps;
  if (options.cleans_text) steps.push_back(clean_text_step());
  if (options.isolates_ideographs) steps.push_back(isolate_ideographs_step());
  if (options.strips_accents) {
    steps.push_back(unicode_form_step(UnicodeForm::kNfd));
    steps.push_back(strip_nonspacing_marks_step());
  }
  if (options.lowers_case) steps.push_back(lowercase_step());
  return steps;
}
NormalizerStepPtr strip_marks_step() {
  return std::make_unique<Rewriter>(strip_mark);
}
NormalizerStepPtr nmt_step() {
  return std::make_unique<Rewriter>(clean_for_nmt);
}
NormalizerStepPtr byte_alphabet_step() {
  return std::make_unique<Rewriter>(spell_bytes);
}

}  // namespace loci
