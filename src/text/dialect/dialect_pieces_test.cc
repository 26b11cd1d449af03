// The heart of the parsers: what an answer means does not depend on how its text was cut into pieces.
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "testing/soak.h"
#include "text/dialect/answers_for_tests.h"
#include "text/dialect/dialect_table.h"
#include "text/dialect/form.h"
#include "text/test_files.h"

namespace loci {
namespace {

using test::Answer;
using test::parse_answer;

/// Calls in every notation, whole, broken and cut off, and text that only looks like one.
const std::vector<std::string>& answers() {
  static const std::vector<std::string> kAnswers{
      "",
      " \n ",
      "Plain text, with <tags> and [brackets] and {braces}.",
      "<think>\nhm <think> \n</think>\n\nYes.\n",
      "no opener\n</think>\n\nYes.",
      "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"x\\u00e9\\ud83d\\ude00\", \"b\": [1, -2.5e3, "
      "null]}}\n</tool_call>",
      "Text \n<tool_call>{\"arguments\": {\"a\": 1}, \"name\": \"f\"}</tool_call>\n"
      "<tool_call>{\"name\": \"g\"}</tool_call> end",
      "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": \\\"\\\\n\\\"}\"}</tool_call>",
      "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1,}}</tool_call>",
      "<tool_call>{\"name\": 1}</tool_call>",
      "<tool_call>{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {}}}</tool_call>",
      "<tool_call>oops<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call",
      "<tool_call>\n<function=f>\n<parameter=a>\nlong\n\ntext "
      "</par\n</parameter>\n<parameter=n>\n12\n</parameter>\n"
      "</function>\n</tool_call>\n<function=g>\n</function>",
      "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>[1, "
      "2]</arg_value>\n</tool_call><tool_call>g</tool_call>",
      "<seed:think>t</seed:think><seed:tool_call><function=f><parameter=a>True</parameter></function></"
      "seed:tool_call>",
      "{\"name\": \"f\", \"parameters\": {\"a\": {}}}; {\"name\": \"g\", \"parameters\": {}}",
      "{\"name\": \"Ann\", \"age\": 3}",
      "<|python_tag|>search.call(query=\"it's\", n=.5)",
      "[f(a=1, b='x\\'y', c=[True, None, {'k': (1, 2.)}]), g()]",
      "[1] is a footnote, [see](link).",
      "<|tool_call_start|>[f(a=\"\\x41\\u00e9\")]<|tool_call_end|>done",
      "<function_calls>\nf(a=1)\ng(b=2)\n</function_calls>",
      "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\": 1}, \"id\": \"abcdefghi\"}, {\"name\": \"g\"}]",
      "[THINK]hm[/THINK][TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{\"a\": 1}[TOOL_CALLS]g{\"b\": 2}",
      "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a\": "
      "1}\n```<｜tool▁call▁end｜>\n"
      "<｜tool▁call▁begin｜>g<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
      "a\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"a\" "
      "string=\"true\">1 < 2</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"b\" string=\"false\">{\"x\": "
      "1}</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
      "<minimax:tool_call>\n<invoke name=\"f\">\n<parameter "
      "name=\"a\">v</parameter>\n</invoke>\n</minimax:tool_call>",
      "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary<|message|>I "
      "look.<|end|>"
      "<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{\"a\": 1}<|call|>",
      "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"a\": <|call|>",
      "<|channel|>final<|message|>Yes.<|return|>",
      "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"a\": "
      "1}<|tool_call_end|>"
      "<|tool_call_begin|>functions.g:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_"
      "end|>",
      "<|START_THINKING|>p<|END_THINKING|><|START_ACTION|>[\n{\"tool_call_id\": \"0\", \"tool_name\": \"f\", "
      "\"parameters\": {}}\n]"
      "<|END_ACTION|>",
      "<|START_RESPONSE|>Yes.<|END_RESPONSE|>",
      "Action: ```json\n[{\"tool_name\": \"f\", \"parameters\": {\"a\": 1}}]```",
      "Here is my thought process: a b\nHere is my response: c <|tool_call|>[{\"name\": \"f\", "
      "\"arguments\": {}}]",
      "<|inner_prefix|>t<|inner_suffix|><|tools_prefix|>[{\"f\": {\"a\": 1}}, {\"g\": {}}]<|tools_suffix|>",
      "<tool_calls>[{\"name\": \"f\", \"arguments\": {}}]</tool_calls>\n[END FINAL RESPONSE]",
      "<|channel>thought\nhm\n<channel|><|tool_call>call:f{a:<|\"|>x<y<|\"|>,b:{c:[1,true,word]}}<tool_call|"
      ">",
      "<|message_sep|>\n\nfunction call<|role_sep|>\n{\"name\": \"f\", \"arguments\": {}}<|message_sep|>",
      "<use_mcp_tool>\n<server_name>s</server_name>\n<tool_name>f</tool_name>\n<arguments>\n{\"a\": "
      "1}\n</arguments>\n</use_mcp_tool>",
      " functools[{\"name\": \"f\", \"arguments\": {\"a\": 1}}, {\"name\": \"g\", \"arguments\": {}}]",
      "<function=f>{\"a\": \"b\nc\"}</function>",
      "\xff\xfe<tool_call>{\"name\": \"\xc3\x28\", \"arguments\": {\"a\": "
      "\"\xed\xa0\x80\"}}</tool_call>\xf0\x9f",
      "```tool_code\nf(a=1)\n```",
  };
  return kAnswers;
}

AnswerOptions with_tools(bool reasoning_open = false) {
  AnswerOptions options;
  options.tools = true;
  options.reasoning_open = reasoning_open;
  options.offered.push_back(
      {"f",
       json::parse(R"({"properties": {"a": {"type": "string"}, "n": {"type": "integer"}}})").as_object()});
  return options;
}

std::vector<AnswerOptions> all_options() {
  return {with_tools(), with_tools(true), {}};
}

void expect_same_byte_by_byte(const Dialect& dialect, const AnswerOptions& options, const std::string& text) {
  std::vector<std::size_t> every;  // each twice: an empty piece behind each byte
  for (std::size_t cut = 0; cut <= text.size(); ++cut) every.insert(every.end(), 2, cut);
  ASSERT_EQ(parse_answer(dialect, options, text, every), parse_answer(dialect, options, text))
      << dialect.name << text;
}

void expect_same_in_pieces(const Dialect& dialect, const AnswerOptions& options, const std::string& text) {
  const Answer whole = parse_answer(dialect, options, text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    ASSERT_EQ(parse_answer(dialect, options, text, {cut}), whole)
        << dialect.name << " cut at " << cut << ": " << text;
  expect_same_byte_by_byte(dialect, options, text);
}

TEST(DialectsPieces, EveryCutOfEveryAnswerInEveryDialectIsTheSame) {
  for (const dialect::TableRow& row : dialect::dialect_table()) {
    for (const std::string& text : answers()) {
      expect_same_in_pieces(row.dialect, with_tools(), text);
      expect_same_byte_by_byte(row.dialect, with_tools(true), text);
      expect_same_byte_by_byte(row.dialect, {}, text);
    }
  }
}

TEST(DialectsPieces, RenderedTurnsAreTheSameAtEveryCutAndCutOffAnywhere) {
  LOCI_SKIP_WITHOUT_DATA("chat_templates/jinja_goldens.jsonl");
  for (const test::TemplateRow& row : test::template_rows()) {
    const json::object golden = test::golden_context(row.file);
    if (!row.renders_calls || !golden.at("ok").as_bool()) continue;
    const auto turn = cut_turn(row, golden.at("context").as_object(), test::text_of(golden.at("rendered")));
    for (std::size_t end = 0; end <= turn.text.size(); end += 1 + end / 8)
      expect_same_in_pieces(*turn.dialect, turn.options, turn.text.substr(0, end));
    expect_same_in_pieces(*turn.dialect, turn.options, turn.text);
  }
}

/// Pieces of the answers above, bytes and brackets, glued together.
std::string random_answer(std::mt19937_64& random) {
  std::string text;
  const std::size_t parts = 1 + random() % 6;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::string& from = answers()[random() % answers().size()];
    if (from.empty()) continue;
    const std::size_t begin = random() % 3 == 0 ? random() % from.size() : 0;
    const std::size_t end = random() % 3 == 0 ? random() % (from.size() + 1) : from.size();
    if (begin < end) text += from.substr(begin, end - begin);
    if (random() % 4 == 0) text += static_cast<char>(random() % 256);
    if (random() % 4 == 0 && !text.empty()) text[random() % text.size()] = "{}[]\"',:<>\\ \n"[random() % 13];
  }
  return text;
}

TEST(DialectsPieces, RandomAnswersInRandomPiecesAreTheSame) {
  std::mt19937_64 random(7);
  const int rounds = testing::rounds(400, 100'000);
  for (int round = 0; round < rounds; ++round) {
    const std::string text = random_answer(random);
    const AnswerOptions options = all_options()[random() % 3];
    for (const dialect::TableRow& row : dialect::dialect_table()) {
      const Answer whole = parse_answer(row.dialect, options, text);
      std::set<std::size_t> cuts;
      for (std::size_t i = random() % 8; i > 0; --i) cuts.insert(random() % (text.size() + 1));
      ASSERT_EQ(parse_answer(row.dialect, options, text, {cuts.begin(), cuts.end()}), whole)
          << row.dialect.name << text;
    }
  }
}

TEST(DialectsPieces, NoBytesAreLostWhereThereIsNoMarkup) {
  const std::string text = " \n Dear <reader>,\n\n\tthis { is } [plain] text: 1 < 2, a&b.  \n\n";
  for (const dialect::TableRow& row : dialect::dialect_table())
    for (const AnswerOptions& options : {with_tools(), AnswerOptions{}})
      EXPECT_EQ(parse_answer(row.dialect, options, text).content, text) << row.dialect.name;
}

/// What a parser has given when it has been fed `text` and nothing more.
Answer so_far(const Dialect& dialect, const AnswerOptions& options, std::string_view text) {
  const auto parser = dialect.make_parser(options);
  Answer answer;
  for (const char c : text) answer.add(parser->feed({&c, 1}));
  return answer;
}

TEST(DialectsPieces, ProseWaitsOnlyWhileItMayBeMarkup) {
  const std::string text =
      "One <two>, <|three|> [FOUR] and <tool_ca five: <function, <｜six｜> functoo. \n Action: no";
  for (const dialect::TableRow& row : dialect::dialect_table()) {
    const dialect::Form& form = *row.dialect.form;
    std::vector<std::string_view> tags(form.call_tags.begin(), form.call_tags.end());
    tags.insert(tags.end(), form.dropped.begin(), form.dropped.end());
    for (const dialect::ReasoningTags& one : form.reasoning) tags.insert(tags.end(), {one.open, one.close});
    if (row.dialect.name == "harmony") tags = {"<|end|>", "<|start|>", "<|call|>", "<|channel|>"};
    for (std::size_t end = 1; end <= text.size(); ++end) {
      const std::string fed = text.substr(0, end);
      const std::string given = so_far(row.dialect, with_tools(), fed).content;
      ASSERT_TRUE(fed.starts_with(given));
      const std::size_t held = std::min(fed.find_first_not_of(" \n", given.size()), fed.size());
      const std::string rest = fed.substr(held);
      const auto begins = [&](std::string_view tag) { return tag.starts_with(rest); };
      ASSERT_TRUE(rest.empty() || std::ranges::any_of(tags, begins)) << row.dialect.name << " holds " << rest;
    }
  }
}

TEST(DialectsPieces, WithoutToolsCallsAreText) {
  const std::string text =
      "Look: <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call> [TOOL_CALLS]f[ARGS]{}";
  for (const dialect::TableRow& row : dialect::dialect_table()) {
    const Answer answer = parse_answer(row.dialect, {}, text);
    EXPECT_EQ(answer.content, text) << row.dialect.name;
    EXPECT_TRUE(answer.calls.empty());
  }
}

// A tag that begins another would make the outcome depend on what follows it.
TEST(DialectsPieces, NoTagOfAFormBeginsAnother) {
  for (const dialect::TableRow& row : dialect::dialect_table()) {
    std::set<std::string_view> tags;
    const dialect::Form& form = *row.dialect.form;
    tags.insert(form.call_tags.begin(), form.call_tags.end());
    tags.insert(form.dropped.begin(), form.dropped.end());
    for (const dialect::ReasoningTags& one : form.reasoning) tags.insert({one.open, one.close});
    for (const std::string_view a : tags)
      for (const std::string_view b : tags)
        EXPECT_TRUE(a == b || !b.starts_with(a)) << row.dialect.name << ": " << a << ", " << b;
  }
}

TEST(DialectsPieces, ArgumentsStreamBeforeTheCallIsComplete) {
  const AnswerOptions options = with_tools();
  const auto arguments = [&](std::string_view dialect, std::string_view text) {
    const Answer answer = so_far(test::dialect_named(dialect), options, text);
    return answer.calls.empty() ? std::string("no call")
                                : answer.calls.back().name + answer.calls.back().arguments;
  };
  EXPECT_EQ(arguments("hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b"), "f{\"a\": \"b");
  EXPECT_EQ(arguments("hermes", "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1"), "f{\"a\": 1");
  EXPECT_EQ(arguments("llama3", "{\"name\": \"f\", \"parameters\": {\"a\": \"b"), "f{\"a\": \"b");
  EXPECT_EQ(arguments("pythonic", "[f(a='it"), "f{\"a\": \"it");
  EXPECT_EQ(arguments("mistral", "[TOOL_CALLS]f[ARGS]{\"a"), "f{\"a");
  EXPECT_EQ(arguments("qwen3_coder", "<tool_call><function=f><parameter=a>\nlong te"), "f{\"a\": \"long te");
  EXPECT_EQ(arguments("qwen3_coder", "<tool_call><function=f><parameter=unknown>\nlong te"),
            "f{\"unknown\": \"long te");
  EXPECT_EQ(arguments("qwen3_coder", "<tool_call><function=f><parameter=n>\n12"), "f{\"n\": ");
  EXPECT_EQ(arguments("deepseek_v32",
                      "<｜DSML｜function_calls><｜DSML｜invoke name=\"f\"><｜DSML｜parameter name=\"a\" "
                      "string=\"true\">x"),
            "f{\"a\": \"x");
  EXPECT_EQ(arguments("harmony", "<|channel|>commentary to=functions.f<|message|>{\"a\": 1"), "f{\"a\": 1");
  EXPECT_EQ(arguments("gemma4", "<|tool_call>call:f{a:<|\"|>x"), "f{\"a\": \"x");
  EXPECT_EQ(arguments("glm47", "<tool_call>f<arg_key>a</arg_key><arg_value>x"), "f{\"a\": \"x");
  EXPECT_EQ(arguments("hermes", "<tool_call>{\"name\": \"f\", \"argum"), "no call");
}

// Deep nesting, endless names, white space and half tags: nothing is lost, whatever the limits are.
TEST(DialectsPieces, HostileAnswersLoseNothing) {
  const auto repeated = [](std::string_view head, std::string_view part) {
    std::string text(head);
    while (text.size() < 10'000) text += part;
    return text;
  };
  const std::string texts[] = {
      repeated("", "<"),
      repeated("", "<tool_call>"),
      repeated("", "[TOOL_CALLS]"),
      repeated("<tool_call>{\"name\": \"f\", \"arguments\": ", "["),
      repeated("<tool_call>{\"name\": \"", "x"),
      repeated("<tool_call>", " "),
      repeated("[f(a=", "["),
      repeated("<tool_call>{\"x\": \"", "y"),
      repeated("[TOOL_CALLS]", "a"),
      repeated("<|tool_call>call:f{a:", "["),
      repeated("", " \n"),
      repeated("<function=f>\n<parameter=n>", "1"),
      repeated("<think>", " "),
      repeated("", "{\"name\": "),
      repeated("<|channel|>", "x"),
      repeated("", "<|start|>"),
  };
  for (const std::string& text : texts) {
    for (const dialect::TableRow& row : dialect::dialect_table()) {
      const Answer whole = parse_answer(row.dialect, with_tools(), text);
      ASSERT_EQ(parse_answer(row.dialect, with_tools(), text, {text.size() / 2, text.size() - 1}), whole)
          << row.dialect.name;
      if (!whole.calls.empty() || text.starts_with("<think>") || row.dialect.name == "harmony") continue;
      ASSERT_LE(text.size(), whole.content.size() + 16) << row.dialect.name << " " << text.substr(0, 40);
    }
  }
}

TEST(DialectsPieces, WhatIsHeldIsBounded) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"hermes", "<tool_call>{\"x\": \""}, {"mistral", "[TOOL_CALLS]"},     {"harmony", "<|channel|>"},
      {"llama3", "{\"name\": \""},         {"gemma4", "<|tool_call>call:"}, {"glm47", "<tool_call>"}};
  for (const auto& [dialect, text] : cases) {
    const auto parser = test::dialect_named(dialect).make_parser(with_tools());
    parser->feed(text);
    const std::string much(2 * dialect::AnswerReader::kMaxHeld, 'y');
    EXPECT_GT(parser->feed(much).content.size(), dialect::AnswerReader::kMaxHeld) << dialect;
  }
}

}  // namespace
}  // namespace loci
