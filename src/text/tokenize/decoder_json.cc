#include "text/tokenize/decoder_json.h"

#include <algorithm>

#include "text/tokenize/byte_alphabet.h"
#include "text/tokenize/pre_tokenizer_json.h"

namespace loci {
namespace {

constexpr std::size_t kMaxGrowth = 64;  // a hostile file could ask for a megabyte a character

Result<void> add(const JsonPart& part, DecoderPlan& plan);

std::string replace_all(std::string_view text, std::string_view mark, std::string_view content) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find(mark, at), text.size());
    out.append(text.substr(at, next - at));
    if (next < text.size()) out.append(content);
    at = next + mark.size();
  }
  return out;
}

/// What the transformers library calls clean_up_tokenization.
std::string cleaned_up(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [mark, content] : kRules) text = replace_all(text, mark, content);
  return text;
}

Result<void> add_sequence(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(const json::array* list, part.array("decoders"));
  for (std::size_t i = 0; i < list->size(); ++i) {
    LOCI_TRY(const JsonPart step, JsonPart::of((*list)[i], fmt::format("{}.decoders[{}]", part.path, i)));
    LOCI_TRY_VOID(add(step, plan));
  }
  return {};
}

Result<void> add_replace(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(const std::string_view content, part.text("content"));
  LOCI_TRY(const JsonPart pattern, part.part("pattern"));
  LOCI_TRY(const std::string_view mark, pattern.text("String"));
  if (mark.empty()) return fail(ErrorCode::kCorrupt, "{}: empty", pattern.at("String"));
  if (content.size() > kMaxGrowth * mark.size())
    return fail(ErrorCode::kUnsupported, "{}: a replacement that makes a piece more than {} times as long",
                part.path, kMaxGrowth);
  plan.replacements.emplace_back(mark, content);
  return {};
}

Result<void> add_strip(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(const std::string_view content, part.text("content"));
  LOCI_TRY(const std::int64_t start, part.integer("start"));
  LOCI_TRY(const std::int64_t stop, part.integer("stop"));
  if (content != " " || start < 0 || start > 1 || stop != 0)
    return fail(ErrorCode::kUnsupported, "{}: strips something else than one leading space", part.path);
  plan.strips_leading_space = start == 1;
  return {};
}

Result<void> add_metaspace(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(const std::string_view mark, part.text_or("replacement", "▁"));
  if (mark.empty()) return fail(ErrorCode::kCorrupt, "{}: empty", part.at("replacement"));
  plan.replacements.emplace_back(mark, " ");
  LOCI_TRY(const PrependScheme scheme, prepend_scheme_from_json(part));
  plan.strips_leading_space = scheme != PrependScheme::kNever;
  return {};
}

Result<void> add_word_pieces(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(plan.continuing_prefix, part.text_or("prefix", "##"));
  LOCI_TRY(plan.cleans_up, part.flag_or("cleanup", true));
  plan.word_pieces = plan.strips_leading_space = true;
  return {};
}

Result<void> add_byte_level(const JsonPart&, DecoderPlan& plan) {
  plan.byte_level = true;
  return {};
}
Result<void> add_byte_fallback(const JsonPart&, DecoderPlan& plan) {
  plan.byte_fallback = true;
  return {};
}
Result<void> add_fuse(const JsonPart&, DecoderPlan&) {
  return {};
}  // pieces are put together in any case

struct Kind {
  std::string_view type;
  Result<void> (*add)(const JsonPart&, DecoderPlan&);
};
constexpr Kind kKinds[] = {
    {"Sequence", add_sequence},   {"ByteLevel", add_byte_level},  {"ByteFallback", add_byte_fallback},
    {"Metaspace", add_metaspace}, {"Replace", add_replace},       {"Strip", add_strip},
    {"Fuse", add_fuse},           {"WordPiece", add_word_pieces},
};

Result<void> add(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(const std::string_view type, part.text("type"));
  for (const Kind& kind : kKinds)
    if (kind.type == type) return kind.add(part, plan);
  return fail(ErrorCode::kUnsupported, "{}: decoder of type {}", part.path, shown(type));
}

}  // namespace

DecoderPlan DecoderPlan::none() {
  DecoderPlan plan;
  plan.word_pieces = plan.strips_leading_space = true;
  return plan;
}

std::string DecoderPlan::space_mark() const {
  for (const auto& [mark, content] : replacements)
    if (content == " ") return mark;
  return {};
}

std::string DecoderPlan::bytes_of(std::string_view piece) const {
  if (byte_level) return from_byte_alphabet(piece).value_or(std::string(piece));
  if (word_pieces) {
    const bool continues = !continuing_prefix.empty() && piece.starts_with(continuing_prefix);
    std::string text =
        continues ? std::string(piece.substr(continuing_prefix.size())) : " " + std::string(piece);
    return cleans_up ? cleaned_up(std::move(text)) : text;
  }
  std::string text(piece);
  for (const auto& [mark, content] : replacements) text = replace_all(text, mark, content);
  return text;
}

Result<DecoderPlan> decoder_from_json(const JsonPart& part) {
  DecoderPlan plan;
  LOCI_TRY_VOID(add(part, plan));
  return plan;
}

}  // namespace loci
