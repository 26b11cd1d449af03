// <｜tool▁calls▁begin｜> ... <｜tool▁calls▁end｜>, a call each between <｜tool▁call▁begin｜> and
// <｜tool▁call▁end｜>: DeepSeek R1 and V3 write "function", a separator, the name and the arguments in a JSON
// code block; V3.1 the name, the separator and the arguments.
#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"
#include "text/dialect/xml_call.h"

namespace loci::dialect {
namespace {

/// From <｜tool▁call▁begin｜>, which has been read, to <｜tool▁call▁end｜>.
Read<bool> read_call(AnswerReader& in) {
  std::string name;
  for (;;) {
    const int next = co_await in.peek();
    if (next == '<') break;
    if (next < 0 || name.size() > kMaxNameBytes) co_return false;
    name += static_cast<char>(next);
    co_await in.next();
  }
  const bool separated = co_await expect(in, "<｜tool▁sep｜>");
  if (!separated) co_return false;
  int next = co_await in.peek();
  const bool fenced = next != '{' && !is_space(next);
  if (fenced) {
    name.clear();
    const bool named = co_await read_until(in, '\n', name);
    if (!named) co_return false;
    co_await skip_space(in);
    const bool fence = co_await expect(in, "```json");
    if (!fence) co_return false;
  }
  next = co_await skip_space(in);
  if (!is_plain_name(name) || next != '{') co_return false;
  in.begin_call(name);
  const bool good = co_await read_json_arguments(in);
  if (!good) co_return false;
  in.end_call();
  if (fenced) {
    const bool fence = co_await expect_close(in, "```");
    if (!fence) co_return false;
  }
  const bool closed = co_await expect_close(in, "<｜tool▁call▁end｜>");
  co_return closed;
}

Read<bool> read_calls(AnswerReader& in, int tag) {
  bool inside = tag == 1;  // the block's own tag was left out
  for (;;) {
    if (!inside) {
      const int first = co_await skip_space(in);
      if (first < 0) co_return in.calls() > 0;
      const bool common = co_await expect(in, "<｜tool▁call");
      if (!common) co_return false;
      const int next = co_await in.peek();
      if (next == 's') break;
      const bool begin = co_await expect(in, "▁begin｜>");
      if (!begin) co_return false;
    }
    inside = false;
    const bool good = co_await read_call(in);
    if (!good) co_return false;
    in.drop_held();
  }
  const bool closed = co_await expect_close(in, "s▁end｜>");
  co_return closed;
}

constexpr std::string_view kTags[] = {"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"};
constexpr std::string_view kMarkers[] = {"<think>",
                                         "</think>",
                                         "<｜tool▁calls▁begin｜>",
                                         "<｜tool▁calls▁end｜>",
                                         "<｜tool▁call▁begin｜>",
                                         "<｜tool▁call▁end｜>",
                                         "<｜tool▁sep｜>"};

}  // namespace

constinit const Form kDeepSeekV3{
    .reasoning = kThink,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>",
    .forced_end = "\n```json\n",
};

constinit const Form kDeepSeekR1{
    .reasoning = kThink,
    .thinks_unasked = true,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>",
    .forced_end = "\n```json\n",
};

constinit const Form kDeepSeekV31{
    .reasoning = kThink,
    .calls_end_reasoning = true,
    .call_tags = kTags,
    .read_calls = read_calls,
    .markers = kMarkers,
    .forced_begin = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>",
    .forced_end = "<｜tool▁sep｜>",
};

}  // namespace loci::dialect
