#include "text/dialect/dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "testing/soak.h"
#include "text/dialect/answers_for_tests.h"
#include "text/dialect/dialect_table.h"
#include "text/dialect/json_scanner.h"
#include "text/dialect/python_value.h"

namespace loci {
namespace {

using test::Answer;
using Calls = std::vector<Answer::Call>;

AnswerOptions with_tools(std::string_view schema = "{}") {
  AnswerOptions options;
  options.tools = true;
  options.offered.push_back({"f", json::object{{"properties", json::parse(schema)}}});
  return options;
}

Answer parse(std::string_view dialect, std::string_view text, const AnswerOptions& options = with_tools()) {
  return test::parse_answer(test::dialect_named(dialect), options, text);
}

TEST(Dialects, ReasoningEndsWhereItsTagDoes) {
  AnswerOptions open = with_tools();
  open.reasoning_open = true;
  EXPECT_EQ(parse("think", "<think>\nhm\n</think>\n\nYes."), (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("think", "hm\n</think>\n\nYes.", open), (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("think", "<think>hm</think>Yes.", open), (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("think", "still thinking", open), (Answer{"", "still thinking", {}}));
  EXPECT_EQ(parse("think", "\n</think>\n\nYes."), (Answer{"Yes.", "", {}}));
  EXPECT_EQ(parse("think", "A tag: <think> and </think>."), (Answer{"A tag: <think> and </think>.", "", {}}));
  EXPECT_EQ(parse("mistral", "[THINK]hm[/THINK]Yes."), (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("seed_oss", "<seed:think>hm</seed:think>Yes."), (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("granite", "Here is my thought process: hm\n\nHere is my response:\nYes."),
            (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("gemma4", "<|channel>thought\nhm\n<channel|>Yes."), (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("cohere", "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>"),
            (Answer{"Yes.", "hm", {}}));
  EXPECT_EQ(parse("apriel", "hm\n[BEGIN FINAL RESPONSE]\nYes.\n[END FINAL RESPONSE]", open),
            (Answer{"Yes.\n", "hm", {}}));
}

TEST(Dialects, ThePromptTellsWhetherReasoningIsOpen) {
  const Dialect& hermes = test::dialect_named("hermes");
  EXPECT_TRUE(hermes.reasoning_open("<|im_start|>assistant\n<think>\n"));
  EXPECT_FALSE(hermes.reasoning_open("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_FALSE(hermes.reasoning_open("<|im_start|>assistant\n"));
  EXPECT_TRUE(test::dialect_named("apriel").reasoning_open("Here are my reasoning steps:\n"));
  EXPECT_TRUE(
      test::dialect_named("harmony").reasoning_open("<|start|>assistant<|channel|>analysis<|message|>"));
  // DeepSeek-R1's first template opens nothing, and the model thinks all the same.
  const Dialect* r1 = dialect_of_template("{{ '<｜tool▁call▁begin｜>' }} content.split('</think>')[-1]");
  ASSERT_NE(r1, nullptr);
  EXPECT_TRUE(r1->reasoning_open("<｜Assistant｜>"));
  EXPECT_FALSE(r1->reasoning_open("<｜Assistant｜><think>\n\n</think>\n\n"));
}

TEST(Dialects, JsonCallsComeAsTheModelWroteThem) {
  const std::string arguments = R"({"b" : [1,2.50, "é"],  "a":{}})";
  const auto call = [](std::string_view object) {
    return parse("hermes", "<tool_call>\n" + std::string(object) + "\n</tool_call>");
  };
  const Answer expected{"", "", {{"", "f", arguments}}};
  EXPECT_EQ(call(R"({"name": "f", "arguments": )" + arguments + "}"), expected);
  EXPECT_EQ(call(R"({"arguments": )" + arguments + R"(, "name": "f"})"), expected);
  EXPECT_EQ(call(R"({"type": "function", "function": {"name": "f", "parameters": )" + arguments + "}}"),
            expected);
  EXPECT_EQ(call("[" + (R"({"name": "f", "arguments": )" + arguments) + "}]"), expected);
  EXPECT_EQ(call(R"({"name": "f", "arguments": "{\"a\": \"\\n\"}"})"),
            (Answer{"", "", {{"", "f", R"({"a": "\n"})"}}}));
  EXPECT_EQ(call(R"({"arguments": "{\"a\": 1}", "name": "f"})"),
            (Answer{"", "", {{"", "f", R"({"a": 1})"}}}));
  EXPECT_EQ(call(R"({"name": "f", "arguments": ""})"), (Answer{"", "", {{"", "f", "{}"}}}));
  EXPECT_EQ(call(R"({"name": "f", "arguments": null})"), (Answer{"", "", {{"", "f", "{}"}}}));
  EXPECT_EQ(call(R"({"name": "f"})"), (Answer{"", "", {{"", "f", "{}"}}}));
  EXPECT_EQ(call(R"({"id": "x1", "name": "f", "arguments": {}})"), (Answer{"", "", {{"x1", "f", "{}"}}}));
  EXPECT_EQ(call("{\"name\": \"f\", \"arguments\": {\"a\": \"two\nlines\"}}"),
            (Answer{"", "", {{"", "f", R"({"a": "two\nlines"})"}}}));
}

TEST(Dialects, WhatIsNoCallIsContent) {
  const std::string_view texts[] = {
      "<tool_call>",
      "<tool_call>\nno json</tool_call>",
      R"(<tool_call>{"name": "f", "arguments": [1]}</tool_call>)",
      R"(<tool_call>{"name": "", "arguments": {}}</tool_call>)",
      R"(<tool_call>{"name": "f)",
      R"(<tool_call>{"arguments": {"a": 1}}</tool_call>)",
      R"(<tool_call>{"name": "f", "arguments": "words"}</tool_call>)",
      R"(<tool_call>{"arguments": "{\"a\": 1", "name": "f"}</tool_call>)",
      R"(<tool_call>{'name': 'f', 'arguments': {}}</tool_call>)",
      "<tool_call><function=a b></function></tool_call>",
  };
  for (const std::string_view text : texts)
    EXPECT_EQ(parse("hermes", text), (Answer{std::string(text), "", {}}));
  EXPECT_EQ(parse("llama3", R"({"name": "Ann", "age": 3})"),
            (Answer{R"({"name": "Ann", "age": 3})", "", {}}));
  EXPECT_EQ(parse("mistral", "[TOOL_CALLS]a b[ARGS]{}"), (Answer{"[TOOL_CALLS]a b[ARGS]{}", "", {}}));
  EXPECT_EQ(parse("pythonic", "[f(1)]"), (Answer{"[f(1)]", "", {}}));
}

TEST(Dialects, ACallThatBreaksKeepsWhatWasGiven) {
  EXPECT_EQ(parse("hermes", R"(<tool_call>{"name": "f", "arguments": {"a": 1,} and more)"),
            (Answer{"} and more", "", {{"", "f", R"({"a": 1,)"}}}));
  EXPECT_EQ(parse("hermes", R"(<tool_call>{"name": "f", "arguments": {"a": "cut o)"),
            (Answer{"", "", {{"", "f", R"({"a": "cut o)"}}}));
  EXPECT_EQ(parse("hermes", R"(<tool_call>{"name": "f", "arguments": {}}</tool_ca)"),
            (Answer{"", "", {{"", "f", "{}"}}}));
  EXPECT_EQ(parse("hermes", R"(<tool_call>{"name": "f", "arguments": {}}</tool_call>
<tool_call>{"name")"),
            (Answer{"<tool_call>{\"name\"", "", {{"", "f", "{}"}}}));
}

TEST(Dialects, WhiteSpaceAroundCallsIsMarkup) {
  const std::string call = R"(<tool_call>{"name": "f", "arguments": {}}</tool_call>)";
  const Calls one{{"", "f", "{}"}};
  EXPECT_EQ(parse("hermes", "\n\nLet me see.\n\n" + call + "\n"), (Answer{"\n\nLet me see.", "", one}));
  EXPECT_EQ(parse("hermes", "\n" + call + "\nDone.\n"), (Answer{"Done.", "", one}));
  EXPECT_EQ(parse("hermes", "Before.\n" + call + "\nAfter."), (Answer{"Before.\n\nAfter.", "", one}));
}

TEST(Dialects, XmlArgumentsHaveTheTypesOfTheSchema) {
  const auto value = [](std::string_view schema, std::string_view text) {
    const Answer answer = parse("qwen3_coder",
                                "<tool_call>\n<function=f>\n<parameter=p>\n" + std::string(text) +
                                    "\n</parameter>\n</function>\n</tool_call>",
                                with_tools("{\"p\": " + std::string(schema) + "}"));
    EXPECT_EQ(answer.content, "");
    const std::string& arguments = answer.calls.at(0).arguments;
    return arguments.substr(6, arguments.size() - 7);
  };
  EXPECT_EQ(value(R"({"type": "string"})", "12"), R"("12")");
  EXPECT_EQ(value(R"({"type": "string"})", "\n \"a\"\n"), R"("\n \"a\"\n")");
  EXPECT_EQ(value(R"({"enum": ["1", "2"]})", "1"), R"("1")");
  EXPECT_EQ(value(R"({"type": "integer"})", "12"), "12");
  EXPECT_EQ(value(R"({"type": "integer"})", "a dozen"), R"("a dozen")");
  EXPECT_EQ(value(R"({"type": "boolean"})", "True"), "true");
  EXPECT_EQ(value(R"({"type": "object"})", "{\"a\": [1, 2]}"), R"({"a": [1, 2]})");
  EXPECT_EQ(value(R"({"type": "array"})", "['it\\'s', None]"), R"(["it's", null])");
  EXPECT_EQ(value(R"({"type": ["string", "null"]})", "null"), "null");
  EXPECT_EQ(value(R"({"type": ["string", "null"]})", "nullable"), R"("nullable")");
  EXPECT_EQ(value("{}", "12"), "12");
  EXPECT_EQ(value("{}", "12 monkeys"), R"("12 monkeys")");
  EXPECT_EQ(value("{}", "\"quoted\""), R"("\"quoted\"")");
  EXPECT_EQ(value("{}", "</par </parameter"), R"("</par </parameter")");
}

TEST(Dialects, PythonLiteralsBecomeJson) {
  using dialect::json_of_python;
  EXPECT_EQ(json_of_python("{'a': (1, 2.,), \"b\": [True, None, -.5, +1e3]}"),
            R"({"a": [1, 2.0], "b": [true, null, -0.5, 1e3]})");
  EXPECT_EQ(json_of_python(R"('\x41\u00e9\U0001F600\'\n\q')"), "\"Aé😀'\\n\\\\q\"");
  for (const char* wrong :
       {"", "f(x)", "[1", "[1 2]", "{'a'}", "{1: 2}", "1 2", "'a", "truest", "--1", "1e", "'\\x4'"})
    EXPECT_EQ(json_of_python(wrong), std::nullopt) << wrong;
  const std::string deep(dialect::kMaxPythonDepth + 2, '[');
  EXPECT_EQ(json_of_python(deep + std::string(deep.size(), ']')), std::nullopt);
}

TEST(Dialects, IdsOfTheModelAreKept) {
  EXPECT_EQ(parse("mistral", "[TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{}").calls,
            (Calls{{"abcdefghi", "f", "{}"}}));
  EXPECT_EQ(
      parse("kimi",
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.a.b:3<|tool_call_argument_begin|>{}"
            "<|tool_call_end|><|tool_calls_section_end|>")
          .calls,
      (Calls{{"functions.a.b:3", "a.b", "{}"}}));
  EXPECT_EQ(test::dialect_named("mistral").call_ids, CallIds::kNineAlphanumeric);
}

TEST(Dialects, HarmonyMessagesGoWhereTheirChannelSays) {
  EXPECT_EQ(
      parse("harmony",
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
            "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\": 1}"
            "<|call|>"),
      (Answer{"b", "a", {{"", "f", "{\"x\": 1}"}}}));
  EXPECT_EQ(parse("harmony", " to=functions.f<|channel|>commentary json<|message|>{}<|call|>"),
            (Answer{"", "", {{"", "f", "{}"}}}));
  EXPECT_EQ(parse("harmony", "<|channel|>final<|message|>Yes.<|return|>"), (Answer{"Yes.", "", {}}));
  EXPECT_EQ(parse("harmony", "plain text"), (Answer{"plain text", "", {}}));
  EXPECT_EQ(parse("harmony", "<|channel|>commentary to=functions.f<|message|>not json<|call|>"),
            (Answer{"not json", "", {}}));
  EXPECT_EQ(parse("harmony", "<|channel|>fin"), (Answer{"", "", {}}));
}

// The text that forces a call is markup to the parser, and the model's rest makes it a call.
TEST(Dialects, AForcedCallIsACall) {
  int with_calls = 0;
  for (const dialect::TableRow& row : dialect::dialect_table()) {
    for (const bool open : {false, true}) {
      AnswerOptions options = with_tools();
      options.reasoning_open = open;
      const std::string forced = row.dialect.forced_call("f", options);
      if (forced.empty()) continue;
      const auto parser = row.dialect.make_parser(options);
      Answer answer;
      answer.add(parser->feed(row.dialect.forced_call("", options)));
      answer.add(row.dialect.make_parser(options)->feed(forced));
      EXPECT_EQ(answer.content + answer.reasoning, "") << row.dialect.name;
      ++with_calls;
    }
  }
  EXPECT_EQ(with_calls, 2 * 34);
  const auto completed = [](std::string_view dialect, std::string_view rest) {
    const AnswerOptions options = with_tools();
    return parse(dialect, test::dialect_named(dialect).forced_call("f", options) + std::string(rest)).calls;
  };
  const Calls expected{{"", "f", "{\"a\": 1}"}};
  EXPECT_EQ(completed("hermes", "{\"a\": 1}}\n</tool_call>"), expected);
  EXPECT_EQ(completed("llama3", "{\"a\": 1}}"), expected);
  EXPECT_EQ(completed("pythonic", "a=1)]"), expected);
  EXPECT_EQ(completed("lfm2", "a=1)]<|tool_call_end|>"), expected);
  EXPECT_EQ(completed("mistral", "{\"a\": 1}"), expected);
  EXPECT_EQ(completed("mistral_json", "{\"a\": 1}}]"), expected);
  EXPECT_EQ(completed("qwen3_coder", "<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>"), expected);
  EXPECT_EQ(completed("deepseek_v3", "{\"a\": 1}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"), expected);
  EXPECT_EQ(completed("deepseek_v31", "{\"a\": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"), expected);
  EXPECT_EQ(completed("harmony", "{\"a\": 1}<|call|>"), expected);
  EXPECT_EQ(completed("glm47", "<arg_key>a</arg_key><arg_value>1</arg_value></tool_call>"), expected);
  EXPECT_EQ(completed("gemma4", "a:1}<tool_call|>"), expected);
  EXPECT_EQ(completed("cohere", "{\"a\": 1}}\n]<|END_ACTION|>"), expected);
  EXPECT_EQ(completed("apertus", "{\"a\": 1}}]<|tools_suffix|>"), expected);
  EXPECT_EQ(completed("kimi", "{\"a\": 1}<|tool_call_end|><|tool_calls_section_end|>")[0].arguments,
            "{\"a\": 1}");
}

TEST(Dialects, TextWithoutKnownMarksHasNoDialect) {
  EXPECT_EQ(dialect_of_template(""), nullptr);
  EXPECT_EQ(dialect_of_template("{% for m in messages %}{{ m.content }}{% endfor %}"), nullptr);
}

bool scanner_accepts(std::string_view text) {
  using Step = dialect::JsonScanner::Step;
  dialect::JsonScanner scan;
  Step step = Step::kMore;
  for (const char c : text) {
    if (step == Step::kLast) {
      if (c != ' ') return false;
      continue;
    }
    step = scan.push(c);
    if (step == Step::kWrong || (step == Step::kEnded && c != ' ')) return false;
    if (step == Step::kEnded) step = Step::kLast;
  }
  return step == Step::kLast || (step == Step::kMore && scan.push(' ') == Step::kEnded);
}

TEST(Dialects, TheScannerTakesWhatJsonIs) {
  std::mt19937_64 random(3);
  constexpr std::string_view kPieces[] = {
      "{",  "}",    "[",     "]",    ",", ":",  "\"a\"", "\"\\u00e9\\n\"", "0",   "-1.5e+3",
      "12", "true", "false", "null", " ", "01", "1.",    "\"\\x\"",        "nul", "\""};
  int good = 0;
  for (int round = testing::rounds(20'000, 5'000'000); round > 0; --round) {
    std::string text;
    for (std::size_t i = random() % 9; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
    const bool valid = parse_json(text).has_value();
    ASSERT_EQ(scanner_accepts(text), valid) << text;
    good += valid;
  }
  EXPECT_GT(good, 500);
}

}  // namespace
}  // namespace loci
