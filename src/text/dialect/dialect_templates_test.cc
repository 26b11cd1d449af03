// The templates themselves are the oracle: what they render of an assistant's calls, the parser must turn
// back into these calls.
#include <filesystem>
#include <gtest/gtest.h>

#include "text/dialect/answers_for_tests.h"
#include "text/test_files.h"

namespace loci {
namespace {

using test::Answer;
using test::RenderedTurn;
using test::TemplateRow;

struct ExpectedCall {
  std::string name;
  json::value arguments;
};

std::vector<ExpectedCall> calls_of(const json::object& message) {
  std::vector<ExpectedCall> calls;
  for (const json::value& call : message.at("tool_calls").as_array()) {
    const json::object& function = call.as_object().at("function").as_object();
    calls.push_back({test::text_of(function.at("name")), function.at("arguments")});
  }
  return calls;
}

/// The answer has these calls, as far as the template rendered them.
void expect_calls(const RenderedTurn& turn, const Answer& answer, const std::vector<ExpectedCall>& calls) {
  std::size_t rendered = 0;
  for (const ExpectedCall& call : calls) {
    if (turn.text.find(call.name) == std::string::npos) continue;
    ASSERT_LT(rendered, answer.calls.size()) << turn.text << "\n" << answer;
    const Answer::Call& got = answer.calls[rendered++];
    EXPECT_EQ(got.name, call.name);
    const auto arguments = parse_json(got.arguments);
    ASSERT_TRUE(arguments) << got.arguments;
    EXPECT_EQ(*arguments, call.arguments) << turn.text;
  }
  EXPECT_EQ(answer.calls.size(), rendered) << turn.text << "\n" << answer;
}

TEST(DialectsTemplates, EachTemplateShowsItsDialect) {
  LOCI_SKIP_WITHOUT_DATA("chat_templates/jinja");
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::data_path("chat_templates/jinja"))) {
    const std::string name = file.path().stem().string();
    const auto rows = test::template_rows();
    const auto row = std::ranges::find(rows, std::string_view(name), &TemplateRow::file);
    ASSERT_NE(row, rows.end()) << name;
    const Dialect* dialect = dialect_of_template(test::read_data("chat_templates/jinja/" + name + ".jinja"));
    EXPECT_EQ(dialect == nullptr ? "" : dialect->name, row->dialect) << name;
    ++files;
  }
  EXPECT_EQ(files, test::template_rows().size());
}

TEST(DialectsTemplates, GoldenCallsComeBack) {
  LOCI_SKIP_WITHOUT_DATA("chat_templates/jinja_goldens.jsonl");
  int checked = 0;
  for (const TemplateRow& row : test::template_rows()) {
    SCOPED_TRACE(row.file);
    const json::object golden = test::golden_context(row.file);
    if (!row.renders_calls || !golden.at("ok").as_bool()) continue;
    const json::object& context = golden.at("context").as_object();
    const RenderedTurn turn = test::cut_turn(row, context, test::text_of(golden.at("rendered")));
    const Answer answer = test::parse_answer(*turn.dialect, turn.options, turn.text);
    EXPECT_EQ(answer.content, "") << turn.text;
    EXPECT_EQ(answer.reasoning, "") << turn.text;
    EXPECT_EQ(answer.calls.size(), 1u) << turn.text;
    expect_calls(turn, answer, calls_of(context.at("messages").as_array()[1].as_object()));
    ++checked;
  }
  EXPECT_EQ(checked, 41);
}

constexpr std::string_view kConversation = R"json({
  "messages": [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": "Let me look.", "reasoning_content": "They want\nthe weather.",
     "tool_calls": [
       {"id": "call00001", "type": "function", "function": {"name": "get_weather", "arguments": {
          "city": "Zürich \"Süd\" \\ \n<b>&amp;</b> 日本", "days": 3, "ratio": -0.0015, "hourly": true,
          "tags": ["a", "it's", ["b c", 2]], "options": {"x": {"y": []}, "z": false}, "empty": "", "zip": "08001"}}},
       {"id": "call00002", "type": "function", "function": {"name": "look_up", "arguments": {"q": "{\"a\": 1}"}}}]}],
  "tools": [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather.", "parameters": {
      "type": "object", "properties": {
        "city": {"type": "string", "description": "c"}, "days": {"type": "integer", "description": "d"},
        "ratio": {"type": "number", "description": "r"}, "hourly": {"type": "boolean", "description": "h"},
        "tags": {"type": "array", "items": {"type": "string"}, "description": "t"},
        "options": {"type": "object", "properties": {}, "description": "o"},
        "empty": {"type": "string", "description": "e"}, "zip": {"type": "string", "description": "z"}},
      "required": ["city"]}}},
    {"type": "function", "function": {"name": "look_up", "description": "Search.", "parameters": {
      "type": "object", "properties": {"q": {"type": "string", "description": "q"}}, "required": ["q"]}}}],
  "datetime": "now", "functions": "", "enable_thinking": true, "thinking": true})json";

/// Takes out what is nested: some templates cannot describe it.
void flatten(json::object& context) {
  json::object& call =
      context["messages"].at(1).at("tool_calls").at(0).at("function").at("arguments").as_object();
  json::object& schema = context["tools"].at(0).at("function").at("parameters").at("properties").as_object();
  for (const char* key : {"tags", "options"}) {
    call.erase(key);
    schema.erase(key);
  }
}

/// The conversation in the shapes that templates want it in: some refuse two calls, some render calls only
/// without content, some fail on nested parameters and some on all tools.
std::vector<json::object> conversations() {
  std::vector<json::object> all;
  for (const char* content : {"Let me look.", "", static_cast<const char*>(nullptr)}) {
    for (int shape = 0; shape < 6; ++shape) {
      json::object context = json::parse(kConversation).as_object();
      json::object& turn = context["messages"].at(1).as_object();
      turn["content"] = content == nullptr ? json::value() : json::value(content);
      if (content == nullptr) turn.erase("reasoning_content");
      if (shape % 2 == 1) turn["tool_calls"].as_array().resize(1);
      if (shape / 2 == 1) flatten(context);
      if (shape / 2 == 2) context["hide_tools"] = true;
      all.push_back(std::move(context));
    }
  }
  return all;
}

TEST(DialectsTemplates, RichCallsContentAndReasoningComeBack) {
  LOCI_SKIP_WITHOUT_DATA("chat_templates/jinja");
  int templates = 0, with_reasoning = 0, with_content = 0;
  for (const TemplateRow& row : test::template_rows()) {
    if (row.dialect.empty()) continue;
    SCOPED_TRACE(row.file);
    bool calls = false, reasoning = false, content = false;
    for (const json::object& context : conversations()) {
      auto turn = test::render_turn(row, context);
      if (!turn || turn->text.find("get_weather") == std::string::npos) continue;
      // Apriel's prompt opens the block, its history does not.
      if (turn->text.find("[BEGIN FINAL RESPONSE]") != std::string::npos) turn->options.reasoning_open = true;
      const Answer answer = test::parse_answer(*turn->dialect, turn->options, turn->text);
      expect_calls(*turn, answer, calls_of(context.at("messages").as_array()[1].as_object()));
      calls = true;
      const bool has_reasoning = turn->text.find("They want") != std::string::npos;
      const bool has_content = turn->text.find("Let me look.") != std::string::npos;
      // gpt-oss' template renders content in front of a call as reasoning.
      if (row.dialect == "harmony") {
        EXPECT_EQ(answer.reasoning, has_content ? "Let me look." : "");
        continue;
      }
      EXPECT_EQ(answer.reasoning, has_reasoning ? "They want\nthe weather." : "") << turn->text;
      // Some templates render content that is null as Python's None.
      if (answer.content != "None") {
        EXPECT_EQ(answer.content, has_content ? "Let me look." : "") << turn->text;
      }
      reasoning = reasoning || has_reasoning;
      content = content || has_content;
    }
    EXPECT_EQ(calls, row.renders_calls);
    templates += calls;
    with_reasoning += reasoning;
    with_content += content;
  }
  EXPECT_EQ(templates, 44);
  EXPECT_EQ(with_reasoning, 19);
  EXPECT_EQ(with_content, 32);
}

}  // namespace
}  // namespace loci
