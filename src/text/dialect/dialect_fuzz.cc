// Any bytes as an answer in any dialect: cut anywhere it means what it means whole; a call's arguments begin
// a JSON object. The first byte chooses the dialect, the second the options, the third where to cut.
#include <algorithm>

#include "text/dialect/dialect_table.h"
#include "text/dialect/json_scanner.h"

namespace {

using loci::AnswerDelta;
using loci::AnswerOptions;
using loci::ToolCallDelta;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

struct Answer {
  std::string content, reasoning;
  std::vector<ToolCallDelta> calls;

  void add(const AnswerDelta& delta) {
    content += delta.content;
    reasoning += delta.reasoning;
    for (const ToolCallDelta& call : delta.tool_calls) {
      const auto index = static_cast<std::size_t>(call.index);
      require(index <= calls.size() && (index == calls.size()) == !call.name.empty());
      if (index == calls.size()) {
        calls.push_back(call);
      } else {
        calls[index].arguments += call.arguments;
      }
    }
  }

  bool operator==(const Answer& other) const {
    const auto same = [](const ToolCallDelta& a, const ToolCallDelta& b) {
      return a.id == b.id && a.name == b.name && a.arguments == b.arguments;
    };
    return content == other.content && reasoning == other.reasoning &&
           std::ranges::equal(calls, other.calls, same);
  }
};

Answer parse(const loci::Dialect& dialect, const AnswerOptions& options, std::string_view text,
             std::size_t piece) {
  const auto parser = dialect.make_parser(options);
  Answer answer;
  for (; text.size() > piece; text.remove_prefix(piece)) {
    answer.add(parser->feed(text.substr(0, piece)));
    answer.add(parser->feed(""));
  }
  answer.add(parser->feed(text));
  answer.add(parser->finish());
  return answer;
}

void require_object(std::string_view arguments) {
  using Step = loci::dialect::JsonScanner::Step;
  loci::dialect::JsonScanner scan;
  Step step = Step::kMore;
  require(arguments.empty() || arguments.front() == '{');
  for (const char c : arguments) {
    require(step == Step::kMore);
    step = scan.push(c);
    require(step != Step::kWrong && !scan.control());
  }
}

const std::vector<loci::OfferedTool>& offered() {
  static const std::vector<loci::OfferedTool> kTools{
      {"f", loci::json::parse(R"({"properties": {"a": {"type": "string"}, "n": {"type": "integer"}}})")
                .as_object()}};
  return kTools;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto table = loci::dialect::dialect_table();
  const loci::Dialect& dialect = table[data[0] % table.size()].dialect;
  AnswerOptions options;
  options.tools = data[1] % 8 != 0;
  options.reasoning_open = data[1] % 2 != 0;
  options.offered = offered();
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const Answer whole = parse(dialect, options, text, size);
  require(whole == parse(dialect, options, text, 1));
  require(whole == parse(dialect, options, text, 1 + data[2]));
  for (const ToolCallDelta& call : whole.calls) require_object(call.arguments);
  require(whole.content.size() + whole.reasoning.size() <= 2 * text.size() + 2);
  return 0;
}
