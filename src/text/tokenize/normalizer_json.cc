#include "text/tokenize/normalizer_json.h"

#include "text/tokenize/base64.h"
#include "text/tokenize/character_steps.h"
#include "text/tokenize/sentencepiece_step.h"

namespace loci {
namespace {

// A hostile file could ask for a replacement by a megabyte, or for thirty that each double the text.
constexpr std::size_t kMaxGrowth = 64;   // text out per text in, all replacements together
constexpr std::size_t kMaxPrefix = 256;  // bytes

struct Reader {
  std::vector<NormalizerStepPtr> steps;
  std::size_t growth = 1;

  Result<void> add(const JsonPart& part);
  Result<void> count_growth(const JsonPart& part, std::size_t factor) {
    growth *= factor;
    if (growth <= kMaxGrowth) return {};
    return fail(ErrorCode::kUnsupported, "{}: replacements that make a text more than {} times as long",
                part.path, kMaxGrowth);
  }
};

Result<void> add_sequence(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const json::array* list, part.array("normalizers"));
  for (std::size_t i = 0; i < list->size(); ++i) {
    LOCI_TRY(const JsonPart step, JsonPart::of((*list)[i], fmt::format("{}.normalizers[{}]", part.path, i)));
    LOCI_TRY_VOID(reader.add(step));
  }
  return {};
}

template <UnicodeForm kForm>
Result<void> add_form(const JsonPart&, Reader& reader) {
  reader.steps.push_back(unicode_form_step(kForm));
  return {};
}

Result<void> add_prepend(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const std::string_view prefix, part.text("prepend"));
  if (prefix.size() > kMaxPrefix)
    return fail(ErrorCode::kUnsupported, "{}: longer than {} bytes", part.at("prepend"), kMaxPrefix);
  reader.steps.push_back(prepend_step(std::string(prefix)));
  return {};
}

Result<void> add_replace(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const std::string_view content, part.text("content"));
  LOCI_TRY(const JsonPart pattern, part.part("pattern"));
  if (pattern.object->contains("Regex")) {
    LOCI_TRY(const std::string_view source, pattern.text("Regex"));
    LOCI_TRY_VOID(reader.count_growth(part, content.size() + 1));
    auto step = replace_regex_step(source, std::string(content));
    if (!step) return std::unexpected(std::move(step).error().in(pattern.at("Regex")));
    reader.steps.push_back(std::move(*step));
    return {};
  }
  LOCI_TRY(const std::string_view text, pattern.text("String"));
  if (text.empty()) return fail(ErrorCode::kCorrupt, "{}: empty", pattern.at("String"));
  LOCI_TRY_VOID(
      reader.count_growth(part, std::max<std::size_t>(1, (content.size() + text.size() - 1) / text.size())));
  reader.steps.push_back(replace_step(std::string(text), std::string(content)));
  return {};
}

Result<void> add_strip(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const bool left, part.flag_or("strip_left", true));
  LOCI_TRY(const bool right, part.flag_or("strip_right", true));
  reader.steps.push_back(strip_step(left, right));
  return {};
}

/// BertNormalizer; strip_accents follows lowercase where it is null.
Result<void> add_bert(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const bool cleans, part.flag_or("clean_text", true));
  LOCI_TRY(const bool isolates, part.flag_or("handle_chinese_chars", true));
  LOCI_TRY(const bool lowers, part.flag_or("lowercase", true));
  LOCI_TRY(const bool strips, part.flag_or("strip_accents", lowers));
  for (NormalizerStepPtr& step : bert_steps({cleans, isolates, strips, lowers}))
    reader.steps.push_back(std::move(step));
  return {};
}

template <NormalizerStepPtr (*kMake)()>
Result<void> add_plain(const JsonPart&, Reader& reader) {
  reader.steps.push_back(kMake());
  return {};
}

/// SentencePiece's compiled rules, in base64.
Result<void> add_precompiled(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const std::string_view text, part.text_or("precompiled_charsmap", ""));
  const auto blob = from_base64(text);
  if (!blob) return fail(ErrorCode::kCorrupt, "{}: not base64", part.at("precompiled_charsmap"));
  auto rules = Charsmap::parse(*blob);
  if (!rules) return std::unexpected(std::move(rules).error().in(part.at("precompiled_charsmap")));
  if (!rules->empty()) reader.steps.push_back(precompiled_step(std::move(*rules)));
  return {};
}

struct Kind {
  std::string_view type;
  Result<void> (*add)(const JsonPart&, Reader&);
};
constexpr Kind kKinds[] = {
    {"Sequence", add_sequence},
    {"NFC", add_form<UnicodeForm::kNfc>},
    {"NFD", add_form<UnicodeForm::kNfd>},
    {"NFKC", add_form<UnicodeForm::kNfkc>},
    {"NFKD", add_form<UnicodeForm::kNfkd>},
    {"Prepend", add_prepend},
    {"Replace", add_replace},
    {"Lowercase", add_plain<lowercase_step>},
    {"Strip", add_strip},
    {"StripAccents", add_plain<strip_marks_step>},
    {"Nmt", add_plain<nmt_step>},
    {"ByteLevel", add_plain<byte_alphabet_step>},
    {"BertNormalizer", add_bert},
    {"Precompiled", add_precompiled},
};

Result<void> Reader::add(const JsonPart& part) {
  LOCI_TRY(const std::string_view type, part.text("type"));
  for (const Kind& kind : kKinds)
    if (kind.type == type) return kind.add(part, *this);
  return fail(ErrorCode::kUnsupported, "{}: normalizer of type {}", part.path, shown(type));
}

}  // namespace

Result<Normalizer> normalizer_from_json(const JsonPart& part) {
  Reader reader;
  LOCI_TRY_VOID(reader.add(part));
  return Normalizer(std::move(reader.steps));
}

}  // namespace loci
