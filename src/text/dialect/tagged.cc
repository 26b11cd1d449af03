#include <array>

#include "text/dialect/forms.h"
#include "text/dialect/tags.h"

namespace loci::dialect {
namespace {

/// Everything up to the closing tag, or to the end. A second opening tag at its begin is dropped: some
/// prompts open the block and the model opens it again.
Read<bool> read_reasoning(AnswerReader& in, const ReasoningTags& tags) {
  const std::array<std::string_view, 2> both{tags.close, tags.open};
  TagMatcher matcher(both);
  in.begin_reasoning();
  bool blank = true;  // nothing but white space so far
  for (;;) {
    const int next = co_await in.next();
    if (next < 0) break;
    std::string text;
    const int found = matcher.push(static_cast<char>(next), text);
    for (const char c : text) blank = blank && is_space(c);
    in.reasoning(text);
    if (found == 1 && !blank) in.reasoning(tags.open);
    if (found == 0) {
      in.end_reasoning();
      co_return true;
    }
  }
  in.reasoning(matcher.pending());
  in.end_reasoning();
  co_return true;
}

/// Content up to the next tag: its index in `tags`, kBare in front of a byte of `bare`, kTextEnd at the end.
constexpr int kTextEnd = -1, kBare = -2;
Read<int> read_content(AnswerReader& in, std::span<const std::string_view> tags, std::string_view bare) {
  TagMatcher matcher(tags);
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0) break;
    const bool may_be_bare = matcher.pending().empty() && !in.in_prose();
    if (may_be_bare && bare.find(static_cast<char>(next)) != std::string_view::npos) co_return kBare;
    co_await in.next();
    std::string text;
    const int found = matcher.push(static_cast<char>(next), text);
    in.content(text);
    if (found >= 0) co_return found;
  }
  in.content(matcher.pending());
  co_return kTextEnd;
}

}  // namespace

Read<bool> read_tagged(AnswerReader& in, const Form& form) {
  if (in.options().reasoning_open) co_await read_reasoning(in, form.reasoning);
  const bool tools = in.options().tools && form.read_calls != nullptr;
  std::vector<std::string_view> tags;
  if (tools) tags.assign(form.call_tags.begin(), form.call_tags.end());
  const int reasoning_tag = static_cast<int>(tags.size());
  if (!form.reasoning.open.empty()) tags.push_back(form.reasoning.open);
  for (;;) {
    const int found = co_await read_content(in, tags, tools ? form.bare : std::string_view());
    if (found == kTextEnd) co_return true;
    if (found == reasoning_tag) {
      if (in.in_prose()) {
        in.content(form.reasoning.open);
      } else {
        co_await read_reasoning(in, form.reasoning);
      }
      continue;
    }
    const int tag = found == kBare ? -1 : found;
    in.hold(tag < 0 ? std::string_view() : tags[static_cast<std::size_t>(tag)]);
    const bool good = co_await form.read_calls(in, tag);
    if (good) in.drop_held();
    in.release();
  }
}

namespace {
constexpr std::string_view kThinkMarkers[] = {"<think>", "</think>"};
}

constinit const Form kReasoningOnly{.reasoning = kThink, .call_tags = {}, .markers = kThinkMarkers};

}  // namespace loci::dialect
