#include "text/dialect/xml_call.h"

#include "text/dialect/forms.h"
#include "text/dialect/json_call.h"

namespace loci::dialect {

Read<bool> read_until(AnswerReader& in, char stop, std::string& text) {
  for (;;) {
    const int next = co_await in.next();
    if (next < 0 || text.size() > kMaxNameBytes) co_return false;
    if (static_cast<char>(next) == stop) co_return true;
    text += static_cast<char>(next);
  }
}

namespace {

/// Parameters up to </function>, of which the "<" at the next byte is the first byte, or that of the first
/// parameter.
Read<bool> read_parameters(AnswerReader& in, const std::string& function, Edges edges) {
  ArgumentsWriter arguments(in);
  for (;;) {
    co_await skip_space(in);
    const bool tag = co_await expect(in, "<");
    if (!tag) co_return false;
    const int next = co_await in.peek();
    if (next == '/') break;
    const bool parameter = co_await expect(in, "parameter=");
    if (!parameter) co_return false;
    std::string name;
    const bool named = co_await read_until(in, '>', name);
    if (!named || name.empty()) co_return false;
    arguments.key(name);
    const ArgumentKind kind = argument_kind(in.options(), function, name);
    const bool value = co_await read_argument_text(in, "</parameter>", kind, edges);
    if (!value) co_return false;
  }
  const bool closed = co_await expect(in, "/function>");
  if (!closed) co_return false;
  arguments.end();
  in.end_call();
  co_return true;
}

}  // namespace

Read<bool> read_function_rest(AnswerReader& in, Edges edges) {
  std::string name;
  const bool named = co_await read_until(in, '>', name);
  if (!named || !is_plain_name(name)) co_return false;
  const int first = co_await skip_space(in);
  if (first != '{' && first != '<') co_return false;
  in.begin_call(name);
  if (first == '<') {
    const bool good = co_await read_parameters(in, name, edges);
    co_return good;
  }
  const bool good = co_await read_json_arguments(in);
  if (!good) co_return false;
  in.end_call();
  const bool closed = co_await expect_close(in, "</function>");
  co_return closed;
}

Read<bool> read_function_tag(AnswerReader& in, Edges edges) {
  const bool opened = co_await expect(in, "<function=");
  if (!opened) co_return false;
  const bool good = co_await read_function_rest(in, edges);
  co_return good;
}

}  // namespace loci::dialect
