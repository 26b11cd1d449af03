#include "text/tokenize/decoder_json.h"

#include "text/tokenize/pre_tokenizer_json.h"

namespace loci {
namespace {

Result<void> add(const JsonPart& part, DecoderPlan& plan);

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
  if (content != " " || mark.empty())
    return fail(ErrorCode::kUnsupported, "{}: replaces {} by {}, not a mark by a space", part.path,
                shown(mark), shown(content));
  plan.space_mark = mark;
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
  LOCI_TRY(plan.space_mark, part.text_or("replacement", "▁"));
  LOCI_TRY(const PrependScheme scheme, prepend_scheme_from_json(part));
  plan.strips_leading_space = scheme != PrependScheme::kNever;
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
    {"Sequence", add_sequence},   {"ByteLevel", add_byte_level}, {"ByteFallback", add_byte_fallback},
    {"Metaspace", add_metaspace}, {"Replace", add_replace},      {"Strip", add_strip},
    {"Fuse", add_fuse},
};

Result<void> add(const JsonPart& part, DecoderPlan& plan) {
  LOCI_TRY(const std::string_view type, part.text("type"));
  for (const Kind& kind : kKinds)
    if (kind.type == type) return kind.add(part, plan);
  return fail(ErrorCode::kUnsupported, "{}: decoder of type {}", part.path, shown(type));
}

}  // namespace

Result<DecoderPlan> decoder_from_json(const JsonPart& part) {
  DecoderPlan plan;
  LOCI_TRY_VOID(add(part, plan));
  return plan;
}

}  // namespace loci
