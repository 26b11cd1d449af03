// <|tools_prefix|>[{"f": {...}}]<|tools_suffix|>: Apertus names a call by its only key.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

/// {"f": {...}}
Read<bool> read_call(AnswerReader& in) {
  std::string name;
  const bool opened = co_await expect(in, "{");
  if (!opened) co_return false;
  co_await skip_space(in);
  const bool quote = co_await expect(in, "\"");
  if (!quote) co_return false;
  const bool named = co_await read_until(in, '"', name);
  if (!named || name.empty()) co_return false;
  co_await skip_space(in);
  const bool colon = co_await expect(in, ":");
  if (!colon) co_return false;
  const int first = co_await skip_space(in);
  if (first != '{') co_return false;
  in.begin_call(name);
  const bool good = co_await read_json_arguments(in);
  if (!good) co_return false;
  in.end_call();
  const bool closed = co_await expect_close(in, "}");
  co_return closed;
}

Read<bool> read_calls(AnswerReader& in, int /*tag*/) {
  co_await skip_space(in);
  const bool opened = co_await expect(in, "[");
  if (!opened) co_return false;
  int next = 0;
  do {
    co_await skip_space(in);
    const bool good = co_await read_call(in);
    if (!good) co_return false;
    in.drop_held();
    next = co_await skip_space(in);
    if (next == ',') co_await in.next();
  } while (next == ',');
  const bool list_end = co_await expect_close(in, "]");
  if (!list_end) co_return false;
  const bool closed = co_await expect_close(in, "<|tools_suffix|>");
  co_return closed;
}

constexpr ReasoningTags kReasoning[] = {{"<|inner_prefix|>", "<|inner_suffix|>"}, {"<think>", "</think>"}};
constexpr std::string_view kTags[] = {"<|tools_prefix|>"};
constexpr std::string_view kMarkers[] = {"<|inner_prefix|>", "<|inner_suffix|>", "<|tools_prefix|>",
                                         "<|tools_suffix|>"};

}  // namespace

constinit const Form kApertus{
    .reasoning = kReasoning,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "<|tools_prefix|>[{\"",
    .forced_end = "\": ",
};

}  // namespace loci::dialect
