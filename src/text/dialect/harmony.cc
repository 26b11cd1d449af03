// gpt-oss answers in messages: a header, <|message|>, a text, and <|end|>, <|call|> or <|return|>. The
// header's channel and recipient say what the text is: analysis is reasoning, what goes to functions.f is a
// call's arguments, the rest is content. The prompt ends with <|start|>assistant, so that the first header
// begins behind that.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/tags.h"

namespace loci::dialect {
namespace {

constexpr std::size_t kMaxHeader = 4096;
constexpr std::string_view kMessage = "<|message|>";
constexpr std::string_view kOpeners[] = {"<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", " to="};
constexpr std::string_view kClosers[] = {"<|end|>", "<|call|>", "<|return|>"};
constexpr std::string_view kBodyTags[] = {"<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>"};
constexpr std::size_t kFirstOpener = 3;  // in kBodyTags: those that begin the next header

/// The word behind `mark`, up to a space or tag.
std::string_view word_behind(std::string_view header, std::string_view mark) {
  const std::size_t at = header.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = header.substr(at + mark.size());
  return rest.substr(0, rest.find_first_of(" <\n"));
}

bool begins_or_is(std::string_view text, std::string_view tag) {
  return text.starts_with(tag) || tag.starts_with(text);
}

/// Whether a header, or what closes a message, may begin with `text`.
bool may_be_header(std::string_view text) {
  for (const std::string_view tag : kOpeners)
    if (begins_or_is(text, tag)) return true;
  for (const std::string_view tag : kClosers)
    if (tag.starts_with(text)) return true;
  return false;
}

/// Whether `header` is more than the beginning of a tag.
bool begun(std::string_view header) {
  return header.starts_with("<|") && header.find("|>") != std::string_view::npos;
}

/// Reads a header up to <|message|>, past what closed the last message. False where the text is none: it is
/// held.
Read<bool> read_header(AnswerReader& in, std::string& header) {
  in.hold(header);
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0 || header.size() > kMaxHeader) {
      if (in.ended() && begun(header)) in.drop_held();
      co_return false;
    }
    header += static_cast<char>(next);
    if (!may_be_header(header)) co_return false;
    co_await in.next();
    if (header.ends_with(kMessage)) co_return true;
    for (const std::string_view closer : kClosers) {
      if (header != closer) continue;
      header.clear();
      in.drop_held();
      break;
    }
  }
}

enum class BodyKind : std::uint8_t { kContent, kReasoning };

/// A message's text up to the tag that ends it; a tag that begins the next header is put into `header`.
Read<bool> read_body(AnswerReader& in, BodyKind kind, std::string& header) {
  TagMatcher matcher(kBodyTags);
  const auto give = [&in, kind](std::string_view text) {
    kind == BodyKind::kReasoning ? in.reasoning(text) : in.content(text);
  };
  header.clear();
  if (kind == BodyKind::kReasoning) in.begin_reasoning();
  for (;;) {
    const int next = co_await in.next();
    if (next < 0) break;
    std::string text;
    const int found = matcher.push(static_cast<char>(next), text);
    give(text);
    if (found < 0) continue;
    const auto at = static_cast<std::size_t>(found);
    if (at >= kFirstOpener) header = kBodyTags[at];
    break;
  }
  if (in.ended()) give(matcher.pending());
  if (kind == BodyKind::kReasoning) in.end_reasoning();
  co_return true;
}

/// The function that a header calls; empty: none.
std::string_view function_of(const AnswerReader& in, std::string_view header) {
  std::string_view recipient = word_behind(header, "to=");
  if (!in.options().tools) return {};
  constexpr std::string_view kPrefix = "functions.";
  if (recipient.starts_with(kPrefix)) return recipient.substr(kPrefix.size());
  for (const OfferedTool& tool : in.options().offered)
    if (tool.name == recipient) return recipient;
  return {};
}

/// A call's arguments; false where they are no JSON object.
Read<bool> read_call(AnswerReader& in, std::string_view function) {
  const int first = co_await skip_space(in);
  if (first != '{') co_return false;
  in.begin_call(function);
  const bool good = co_await read_json_arguments(in);
  if (!good) {
    in.release();
    co_return false;
  }
  in.end_call();
  co_await skip_space(in);
  in.drop_held();
  co_return true;
}

Read<bool> read_answer(AnswerReader& in, const Form& /*form*/) {
  std::string header;
  if (in.options().reasoning_open) co_await read_body(in, BodyKind::kReasoning, header);
  while (!in.ended()) {
    const bool is_header = co_await read_header(in, header);
    if (!is_header) in.release();
    const std::string_view function = is_header ? function_of(in, header) : "";
    if (!function.empty()) {
      const bool call = co_await read_call(in, function);
      if (call) {
        header.clear();
        continue;
      }
    }
    if (is_header) in.drop_held();
    in.release();
    if (is_header && in.in_prose()) in.content("\n\n");
    const bool analysis = is_header && word_behind(header, "<|channel|>") == "analysis";
    co_await read_body(in, analysis ? BodyKind::kReasoning : BodyKind::kContent, header);
  }
  co_return true;
}

constexpr ReasoningTags kReasoning[] = {{"<|channel|>analysis<|message|>", "<|end|>"}};
constexpr std::string_view kMarkers[] = {"<|start|>", "<|channel|>", "<|message|>", "<|constrain|>",
                                         "<|end|>",   "<|call|>",    "<|return|>"};

}  // namespace

constinit const Form kHarmony{
    .reasoning = kReasoning,
    .markers = kMarkers,
    .forced_begin = "<|channel|>commentary to=functions.",
    .forced_end = " <|constrain|>json<|message|>",
    .forced_after_reasoning = "<|end|><|start|>assistant",
    .read_answer = read_answer,
};

}  // namespace loci::dialect
