#include "text/tokenize/pre_tokenizer_json.h"

#include "text/tokenize/unicode_scripts.h"

namespace loci {
namespace {

struct Reader {
  std::vector<PreTokenizerPtr> steps;
  std::vector<PreTokenizerPtr> behind_byte_level;  // these see the byte alphabet
  bool byte_level = false;

  Result<void> add(const JsonPart& part);
  Result<void> push(PreTokenizerPtr step) {
    (byte_level ? behind_byte_level : steps).push_back(std::move(step));
    return {};
  }
  Result<void> push_regex(const std::string& path, std::string_view pattern, SplitOptions options = {}) {
    auto step = regex_pre_tokenizer(pattern, options);
    if (!step) return std::unexpected(std::move(step).error().in(path));
    return push(std::move(*step));
  }
};

Result<void> add_sequence(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const json::array* list, part.array("pretokenizers"));
  for (std::size_t i = 0; i < list->size(); ++i) {
    LOCI_TRY(const JsonPart step,
             JsonPart::of((*list)[i], fmt::format("{}.pretokenizers[{}]", part.path, i)));
    LOCI_TRY_VOID(reader.add(step));
  }
  return {};
}

Result<void> add_byte_level(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const bool prefix, part.flag_or("add_prefix_space", true));
  LOCI_TRY(const bool regex, part.flag_or("use_regex", true));
  if (reader.byte_level) return fail(ErrorCode::kUnsupported, "{}: a second ByteLevel", part.path);
  if (prefix) LOCI_TRY_VOID(reader.push(prefix_space_pre_tokenizer()));
  if (regex) LOCI_TRY_VOID(reader.push_regex(part.path, kGpt2Pattern));
  reader.byte_level = true;
  return {};
}

Result<SplitBehavior> behavior_from_json(const JsonPart& part, std::string_view fallback) {
  struct Name {
    std::string_view name;
    SplitBehavior behavior;
  };
  constexpr Name kNames[] = {{"Removed", SplitBehavior::kRemoved},
                             {"Isolated", SplitBehavior::kIsolated},
                             {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
                             {"MergedWithNext", SplitBehavior::kMergedWithNext},
                             {"Contiguous", SplitBehavior::kContiguous}};
  LOCI_TRY(const std::string_view given, part.text_or("behavior", fallback));
  for (const Name& name : kNames)
    if (name.name == given) return name.behavior;
  return fail(ErrorCode::kUnsupported, "{}: {}", part.at("behavior"), shown(given));
}

Result<void> add_split(const JsonPart& part, Reader& reader) {
  SplitOptions options;
  LOCI_TRY(options.behavior, behavior_from_json(part, "Isolated"));
  LOCI_TRY(options.invert, part.flag_or("invert", false));
  LOCI_TRY(const JsonPart pattern, part.part("pattern"));
  if (pattern.object->contains("Regex")) {
    LOCI_TRY(const std::string_view source, pattern.text("Regex"));
    return reader.push_regex(pattern.at("Regex"), source, options);
  }
  LOCI_TRY(const std::string_view text, pattern.text("String"));
  if (text.empty()) return fail(ErrorCode::kCorrupt, "{}: empty", pattern.at("String"));
  return reader.push(literal_pre_tokenizer(std::string(text), options));
}

Result<void> add_char_delimiter(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const std::string_view delimiter, part.text("delimiter"));
  if (delimiter.empty()) return fail(ErrorCode::kCorrupt, "{}: empty", part.at("delimiter"));
  return reader.push(literal_pre_tokenizer(std::string(delimiter), {SplitBehavior::kRemoved}));
}

Result<void> add_digits(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const bool individual, part.flag_or("individual_digits", false));
  return reader.push_regex(part.path, individual ? R"(\p{N})" : R"(\p{N}+)");
}

Result<void> add_punctuation(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const SplitBehavior behavior, behavior_from_json(part, "Isolated"));
  return reader.push(punctuation_pre_tokenizer({behavior}));
}

Result<void> add_whitespace(const JsonPart& part, Reader& reader) {
  // \w+|[^\w\s]+ with the \w of Unicode TR18, the last row being what is alphabetic, but no letter; what
  // matches is a word.
#define LOCI_WORD                   \
  R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc})" \
  R"(\x{200C}\x{200D}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})"
  constexpr std::string_view kWords = "[" LOCI_WORD "]+|[^" LOCI_WORD R"(\s]+)";
#undef LOCI_WORD
  return reader.push_regex(part.path, kWords, {SplitBehavior::kRemoved, true});
}

Result<void> add_whitespace_split(const JsonPart& part, Reader& reader) {
  return reader.push_regex(part.path, R"(\s+)", {SplitBehavior::kRemoved});
}

Result<void> add_metaspace(const JsonPart& part, Reader& reader) {
  LOCI_TRY(const std::string_view mark, part.text_or("replacement", "▁"));
  if (mark.empty() || mark.size() > 4)
    return fail(ErrorCode::kCorrupt, "{}: not one character", part.at("replacement"));
  LOCI_TRY(const PrependScheme scheme, prepend_scheme_from_json(part));
  LOCI_TRY(const bool split, part.flag_or("split", true));
  return reader.push(metaspace_pre_tokenizer(std::string(mark), scheme, split));
}

Result<void> add_scripts(const JsonPart& part, Reader& reader) {
  return reader.push_regex(part.path, unicode_scripts_pattern(), {SplitBehavior::kRemoved, true});
}

Result<void> add_bert(const JsonPart&, Reader& reader) {
  return reader.push(bert_pre_tokenizer());
}

struct Kind {
  std::string_view type;
  Result<void> (*add)(const JsonPart&, Reader&);
};
constexpr Kind kKinds[] = {
    {"Sequence", add_sequence},
    {"ByteLevel", add_byte_level},
    {"Split", add_split},
    {"CharDelimiterSplit", add_char_delimiter},
    {"Digits", add_digits},
    {"Punctuation", add_punctuation},
    {"Whitespace", add_whitespace},
    {"WhitespaceSplit", add_whitespace_split},
    {"Metaspace", add_metaspace},
    {"BertPreTokenizer", add_bert},
    {"UnicodeScripts", add_scripts},
};

Result<void> Reader::add(const JsonPart& part) {
  LOCI_TRY(const std::string_view type, part.text("type"));
  for (const Kind& kind : kKinds)
    if (kind.type == type) return kind.add(part, *this);
  return fail(ErrorCode::kUnsupported, "{}: pre-tokenizer of type {}", part.path, shown(type));
}

}  // namespace

Result<PrependScheme> prepend_scheme_from_json(const JsonPart& part) {
  LOCI_TRY(const bool older, part.flag_or("add_prefix_space", true));
  LOCI_TRY(const std::string_view scheme, part.text_or("prepend_scheme", older ? "always" : "never"));
  if (scheme == "always") return PrependScheme::kAlways;
  if (scheme == "first") return PrependScheme::kFirst;
  if (scheme == "never") return PrependScheme::kNever;
  return fail(ErrorCode::kUnsupported, "{}: {}", part.at("prepend_scheme"), shown(scheme));
}

Result<PreTokenizerPlan> pre_tokenizer_from_json(const JsonPart& part) {
  Reader reader;
  LOCI_TRY_VOID(reader.add(part));
  if (!reader.behind_byte_level.empty())
    reader.steps.push_back(
        byte_alphabet_pre_tokenizer(sequence_pre_tokenizer(std::move(reader.behind_byte_level))));
  PreTokenizerPlan plan{.splitter = nullptr, .byte_level = reader.byte_level};
  if (!reader.steps.empty()) plan.splitter = sequence_pre_tokenizer(std::move(reader.steps));
  return plan;
}

}  // namespace loci
