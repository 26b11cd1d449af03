#include "text/tokenize/sentencepiece_step.h"

#include <utf8proc.h>

#include "text/utf8.h"

namespace loci {
namespace {

class SentencePieceStep final : public NormalizerStep {
 public:
  explicit SentencePieceStep(SentencePieceNormalization options)
      : options_(std::move(options)), space_(options_.escape_whitespaces ? kSentencePieceSpace : " ") {}

  std::string apply(std::string text) const override {
    std::string_view rest = text;
    while (options_.remove_extra_whitespaces && !rest.empty()) {
      const Charsmap::Rule next = rewritten(rest);
      if (next.content != " ") break;
      rest.remove_prefix(next.length);
    }
    std::string out;
    if (rest.empty()) return out;
    out.reserve(rest.size() + rest.size() / 2);
    if (options_.add_dummy_prefix) out += space_;
    for (bool behind_space = options_.remove_extra_whitespaces; !rest.empty();) {
      const Charsmap::Rule next = rewritten(rest);
      rest.remove_prefix(next.length);
      std::string_view content = next.content;
      while (behind_space && content.starts_with(' ')) content.remove_prefix(1);
      append(content, out);
      if (!content.empty()) behind_space = options_.remove_extra_whitespaces && content.ends_with(' ');
    }
    while (options_.remove_extra_whitespaces && out.ends_with(space_)) out.resize(out.size() - space_.size());
    return out;
  }

 private:
  /// What the beginning of `text` becomes.
  Charsmap::Rule rewritten(std::string_view text) const {
    std::size_t kept = 0;
    options_.kept.match(text, [&](std::size_t length, std::int32_t) { kept = length; });
    if (kept > 0) return {kept, text.substr(0, kept)};
    if (const auto rule = options_.rules.longest(text)) return *rule;
    std::size_t length = 0;
    read_valid_utf8(text.data(), length);
    return {length, text.substr(0, length)};
  }
  void append(std::string_view content, std::string& out) const {
    for (const char c : content) {
      if (c == ' ')
        out += space_;
      else
        out += c;
    }
  }

  SentencePieceNormalization options_;
  std::string_view space_;
};

class Precompiled final : public NormalizerStep {
 public:
  explicit Precompiled(Charsmap rules) : rules_(std::move(rules)) {}

  std::string apply(std::string text) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view cluster = std::string_view(text).substr(at, grapheme(text, at));
      at += cluster.size();
      const auto whole = cluster.size() < kShortCluster ? rules_.shortest(cluster) : std::nullopt;
      if (whole)
        out += whole->content;
      else
        append_characters(cluster, out);
    }
    return out;
  }

 private:
  static constexpr std::size_t kShortCluster = 6;

  /// The length of the grapheme cluster at `at`.
  static std::size_t grapheme(std::string_view text, std::size_t at) {
    std::size_t length = 0;
    auto before = static_cast<utf8proc_int32_t>(read_valid_utf8(text.data() + at, length));
    utf8proc_int32_t state = 0;
    for (std::size_t next = 0; at + length < text.size(); length += next) {
      const auto after = static_cast<utf8proc_int32_t>(read_valid_utf8(text.data() + at + length, next));
      if (utf8proc_grapheme_break_stateful(before, after, &state)) break;
      before = after;
    }
    return length;
  }
  void append_characters(std::string_view cluster, std::string& out) const {
    for (std::size_t at = 0, length = 0; at < cluster.size(); at += length) {
      read_valid_utf8(cluster.data() + at, length);
      const auto rule = rules_.shortest(cluster.substr(at, length));
      out += rule ? rule->content : cluster.substr(at, length);
    }
  }

  Charsmap rules_;
};

}  // namespace

NormalizerStepPtr sentencepiece_step(SentencePieceNormalization options) {
  return std::make_unique<SentencePieceStep>(std::move(options));
}
NormalizerStepPtr precompiled_step(Charsmap rules) {
  return std::make_unique<Precompiled>(std::move(rules));
}

}  // namespace loci
