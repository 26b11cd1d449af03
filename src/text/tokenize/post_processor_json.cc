#include "text/tokenize/post_processor_json.h"

namespace loci {
namespace {

Result<void> add(const JsonPart& part, const Vocabulary& vocabulary, SpecialFrame& frame);

Result<TokenId> checked(const json::value& id, const std::string& path, const Vocabulary& vocabulary) {
  if (!id.is_int64()) return fail(ErrorCode::kCorrupt, "{}: not an integer", path);
  const std::int64_t number = id.get_int64();
  if (number < 0 || number >= vocabulary.size() || !vocabulary.contains(static_cast<TokenId>(number)))
    return fail(ErrorCode::kCorrupt, "{}: token {} is not in the vocabulary", path, number);
  return static_cast<TokenId>(number);
}

Result<void> add_sequence(const JsonPart& part, const Vocabulary& vocabulary, SpecialFrame& frame) {
  LOCI_TRY(const json::array* list, part.array("processors"));
  for (std::size_t i = 0; i < list->size(); ++i) {
    LOCI_TRY(const JsonPart step, JsonPart::of((*list)[i], fmt::format("{}.processors[{}]", part.path, i)));
    LOCI_TRY_VOID(add(step, vocabulary, frame));
  }
  return {};
}

/// The ids that a template's special token `name` stands for, appended to `out`.
Result<void> add_template_token(const JsonPart& tokens, std::string_view name, const Vocabulary& vocabulary,
                                std::vector<TokenId>& out) {
  const std::string path = fmt::format("{}[{}]", tokens.path, shown(name));
  const json::value* found = find_field(*tokens.object, name);
  if (found == nullptr) return fail(ErrorCode::kCorrupt, "{}: missing", path);
  LOCI_TRY(const JsonPart token, JsonPart::of(*found, path));
  LOCI_TRY(const json::array* ids, token.array("ids"));
  for (std::size_t i = 0; i < ids->size(); ++i) {
    LOCI_TRY(const TokenId id, checked((*ids)[i], fmt::format("{}.ids[{}]", token.path, i), vocabulary));
    out.push_back(id);
  }
  return {};
}

Result<void> add_template(const JsonPart& part, const Vocabulary& vocabulary, SpecialFrame& frame) {
  LOCI_TRY(const json::array* items, part.array("single"));
  SpecialFrame stated{.stated = true, .front = {}, .behind = {}};
  bool behind = false;
  for (std::size_t i = 0; i < items->size(); ++i) {
    LOCI_TRY(const JsonPart item, JsonPart::of((*items)[i], fmt::format("{}.single[{}]", part.path, i)));
    if (item.object->contains("Sequence")) {
      behind = true;
      continue;
    }
    LOCI_TRY(const JsonPart special, item.part("SpecialToken"));
    LOCI_TRY(const std::string_view name, special.text("id"));
    LOCI_TRY(const JsonPart tokens, part.part("special_tokens"));
    LOCI_TRY_VOID(add_template_token(tokens, name, vocabulary, behind ? stated.behind : stated.front));
  }
  frame = std::move(stated);
  return {};
}

/// BertProcessing and RobertaProcessing: "cls": ["<s>", 0] in front, "sep": ["</s>", 2] behind.
Result<void> add_cls_sep(const JsonPart& part, const Vocabulary& vocabulary, SpecialFrame& frame) {
  SpecialFrame stated{.stated = true, .front = {}, .behind = {}};
  for (const bool behind : {false, true}) {
    const std::string_view key = behind ? "sep" : "cls";
    LOCI_TRY(const json::array* pair, part.array(key));
    if (pair->size() != 2) return fail(ErrorCode::kCorrupt, "{}: not a token and its id", part.at(key));
    LOCI_TRY(const TokenId id, checked((*pair)[1], part.at(key), vocabulary));
    (behind ? stated.behind : stated.front).push_back(id);
  }
  frame = std::move(stated);
  return {};
}

Result<void> add_nothing(const JsonPart&, const Vocabulary&, SpecialFrame&) {
  return {};
}

struct Kind {
  std::string_view type;
  Result<void> (*add)(const JsonPart&, const Vocabulary&, SpecialFrame&);
};
constexpr Kind kKinds[] = {
    {"Sequence", add_sequence},      {"ByteLevel", add_nothing},         {"TemplateProcessing", add_template},
    {"BertProcessing", add_cls_sep}, {"RobertaProcessing", add_cls_sep},
};

Result<void> add(const JsonPart& part, const Vocabulary& vocabulary, SpecialFrame& frame) {
  LOCI_TRY(const std::string_view type, part.text("type"));
  for (const Kind& kind : kKinds)
    if (kind.type == type) return kind.add(part, vocabulary, frame);
  return fail(ErrorCode::kUnsupported, "{}: post-processor of type {}", part.path, shown(type));
}

}  // namespace

Result<SpecialFrame> post_processor_from_json(const JsonPart& part, const Vocabulary& vocabulary) {
  SpecialFrame frame;
  LOCI_TRY_VOID(add(part, vocabulary, frame));
  return frame;
}

}  // namespace loci
