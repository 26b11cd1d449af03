#include "text/tokenize/normalizer.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utf8proc.h>

#include "base/check.h"
#include "text/tokenize/char_class.h"
#include "text/tokenize/regex.h"
#include "text/tokenize/unicode_age.h"
#include "text/utf8.h"

namespace loci {
namespace {

/// No character below U+0300 changes under NFC; none below U+0080 under any form.
bool is_below(std::string_view text, unsigned char first_lead) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < first_lead;
  });
}

class UnicodeFormStep final : public NormalizerStep {
 public:
  explicit UnicodeFormStep(UnicodeForm form)
      : compatible_(form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd),
        composes_(form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc),
        first_changing_lead_(form == UnicodeForm::kNfc ? 0xCC : 0x80) {}  // 0xCC leads U+0300

  std::string apply(std::string text) const override {
    if (is_below(text, first_changing_lead_)) return text;
    std::vector<utf8proc_int32_t> points = decompose(text);
    sort_marks(points);
    std::string out;
    out.reserve(text.size());
    for (auto begin = points.begin(); begin != points.end();) {
      const auto end = std::find_if(begin + 1, points.end(), is_newer_starter);
      append_composed(std::span(begin, end), out);
      begin = end;
    }
    return out;
  }

 private:
  std::vector<utf8proc_int32_t> decompose(std::string_view text) const {
    const int options = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE | (compatible_ ? UTF8PROC_COMPAT : 0);
    std::vector<utf8proc_int32_t> points;
    points.reserve(text.size());
    for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
      utf8proc_int32_t parts[32];  // Unicode's longest decomposition has 18 characters
      const char32_t c = read_valid_utf8(text.data() + at, length);
      if (has_newer_form(c)) {
        points.push_back(static_cast<utf8proc_int32_t>(c));
        continue;
      }
      int boundary = 0;
      const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 32,
                                                 static_cast<utf8proc_option_t>(options), &boundary);
      LOCI_CHECK(count >= 0 && count <= 32);
      points.insert(points.end(), parts, parts + count);
    }
    return points;
  }

  void append_composed(std::span<utf8proc_int32_t> points, std::string& out) const {
    auto count = static_cast<utf8proc_ssize_t>(points.size());
    constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    if (composes_) count = utf8proc_normalize_utf32(points.data(), count, kOptions);
    for (const utf8proc_int32_t point : points.first(static_cast<std::size_t>(count)))
      append_utf8(static_cast<char32_t>(point), out);
  }

  static int combining_class(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }
  /// A mark that the `tokenizers` library does not know: no mark moves over it or composes across it.
  static bool is_newer_starter(utf8proc_int32_t c) {
    return combining_class(c) != 0 && is_newer_mark(static_cast<char32_t>(c));
  }

  /// The canonical ordering. utf8proc would do it too, in time quadratic in the length of a run.
  static void sort_marks(std::vector<utf8proc_int32_t>& points) {
    const auto rank = [](utf8proc_int32_t c) { return is_newer_starter(c) ? 0 : combining_class(c); };
    for (auto begin = points.begin(); begin != points.end();) {
      begin = std::find_if(begin, points.end(), [&](auto c) { return rank(c) != 0; });
      const auto end = std::find_if(begin, points.end(), [&](auto c) { return rank(c) == 0; });
      if (end - begin > 1) std::stable_sort(begin, end, [&](auto a, auto b) { return rank(a) < rank(b); });
      begin = end;
    }
  }

  bool compatible_, composes_;
  unsigned char first_changing_lead_;
};

class Prepend final : public NormalizerStep {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string apply(std::string text) const override {
    if (!text.empty()) text.insert(0, prefix_);
    return text;
  }

 private:
  std::string prefix_;
};

class Replace final : public NormalizerStep {
 public:
  Replace(std::string pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::string apply(std::string text) const override {
    std::size_t at = text.find(pattern_), done = 0;
    if (at == std::string::npos) return text;
    std::string out;
    out.reserve(text.size() + text.size() / 2);
    for (; at != std::string::npos; at = text.find(pattern_, done)) {
      out.append(text, done, at - done).append(content_);
      done = at + pattern_.size();
    }
    return out.append(text, done);
  }

 private:
  std::string pattern_, content_;
};

/// Oniguruma's search: an empty match counts, but not where a match has just ended.
class ReplaceRegex final : public NormalizerStep {
 public:
  ReplaceRegex(Regex pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::string apply(std::string text) const override {
    if (text.empty()) return text;
    std::string out;
    std::optional<std::size_t> last_end;  // of the last match
    for (std::size_t from = 0, done = 0; done <= text.size();) {
      const auto match = from <= text.size() ? pattern_.find(text, from) : std::nullopt;
      if (!match) return out.append(text, done);
      const bool empty = match->begin == match->end;
      out.append(text, done, match->begin - done);
      if (!empty || match->begin != last_end) out.append(content_);
      last_end = done = from = match->end;
      if (empty) from = next_character(text, from);
    }
    return out;
  }

 private:
  static std::size_t next_character(std::string_view text, std::size_t at) {
    if (at == text.size()) return at + 1;
    std::size_t length = 0;
    read_valid_utf8(text.data() + at, length);
    return at + length;
  }
  Regex pattern_;
  std::string content_;
};

class Lowercase final : public NormalizerStep {
 public:
  std::string apply(std::string text) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
      const char32_t c = read_valid_utf8(text.data() + at, length);
      append_utf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
      if (c == 0x130)
        out.append("\xCC\x87");  // the one letter whose lower case is two characters: i and a dot
    }
    return out;
  }
};

class Strip final : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  std::string apply(std::string text) const override {
    std::size_t begin = left_ ? text.size() : 0,
                end = right_ ? 0 : text.size();  // first and behind the last to stay
    for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
      if (char_class(read_valid_utf8(text.data() + at, length)) == CharClass::kSpace) continue;
      begin = std::min(begin, at);
      if (right_) end = at + length;
    }
    return begin < end ? text.substr(begin, end - begin) : std::string();
  }

 private:
  bool left_, right_;
};

}  // namespace

std::string Normalizer::apply(std::string_view text) const {
  std::string out(text);
  for (const NormalizerStepPtr& step : steps_) out = step->apply(std::move(out));
  return out;
}

NormalizerStepPtr unicode_form_step(UnicodeForm form) {
  return std::make_unique<UnicodeFormStep>(form);
}
NormalizerStepPtr prepend_step(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}
NormalizerStepPtr replace_step(std::string pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}
Result<NormalizerStepPtr> replace_regex_step(std::string_view pattern, std::string content) {
  LOCI_TRY(Regex regex, Regex::compile(pattern));
  return std::make_unique<ReplaceRegex>(std::move(regex), std::move(content));
}
NormalizerStepPtr lowercase_step() {
  return std::make_unique<Lowercase>();
}
NormalizerStepPtr strip_step(bool left, bool right) {
  return std::make_unique<Strip>(left, right);
}

}  // namespace loci
