#include "text/chat_template.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace loci {
namespace {

using namespace std::chrono_literals;

// The instant that the goldens were made at: 2025-07-26 12:00.
constexpr std::chrono::sys_seconds kGoldenNow =
    std::chrono::sys_days(std::chrono::year(2025) / std::chrono::July / 26) + 12h;

const std::filesystem::path kData = "../shared/data/chat_templates";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

ChatTemplate parsed(std::string_view source) {
  auto made = ChatTemplate::parse(source);
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

/// The golden rows' context: each of our fields, and the rest as extra variables.
ChatTemplateInput input_of(const json::object& context) {
  ChatTemplateInput input;
  input.now = kGoldenNow;
  for (const auto& field : context) {
    const std::string_view key = field.key();
    if (key == "messages") {
      input.messages = field.value().as_array();
    } else if (key == "tools") {
      input.tools = field.value().as_array();
    } else if (key == "add_generation_prompt") {
      input.add_generation_prompt = field.value().as_bool();
    } else if (key == "bos_token") {
      input.bos_token = field.value().as_string();
    } else if (key == "eos_token") {
      input.eos_token = field.value().as_string();
    } else {
      input.extra[key] = field.value();
    }
  }
  return input;
}

TEST(ChatTemplateGoldens, RealTemplatesRenderAsPythonDoes) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  std::istringstream lines(read_file(kData / "jinja_goldens.jsonl"));
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line); ++rows) {
    const json::object row = json::parse(line).as_object();
    const std::string name(row.at("template").as_string());
    SCOPED_TRACE(name + " / " + std::string(row.at("case").as_string()));
    const auto made = ChatTemplate::parse(read_file(kData / "jinja" / name));
    ASSERT_TRUE(made) << made.error().message;
    const auto out = made->render(input_of(row.at("context").as_object()));
    if (!row.at("ok").as_bool()) {
      EXPECT_FALSE(out);
      continue;
    }
    if (out) {
      EXPECT_EQ(*out, std::string_view(row.at("rendered").as_string()));
    } else {
      ADD_FAILURE() << out.error().message;
    }
  }
  EXPECT_EQ(rows, 432u);
}

TEST(ChatTemplateGoldens, LlamaCppCasesRenderAsPythonDoes) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  const json::object all = json::parse(read_file(kData / "llamacpp_chat_template_cases.json")).as_object();
  for (const json::value& each : all.at("cases").as_array()) {
    const json::object& one = each.as_object();
    SCOPED_TRACE(std::string(one.at("name").as_string()));
    const auto made = ChatTemplate::parse(std::string_view(one.at("template").as_string()));
    ChatTemplateInput input;
    input.now = kGoldenNow;
    input.messages = all.at("messages").as_array();
    input.add_generation_prompt = all.at("add_generation_prompt").as_bool();
    input.bos_token = one.at("bos_token").as_string();
    input.eos_token = one.at("eos_token").as_string();
    const auto out = made ? made->render(input) : Result<std::string>(std::unexpected(made.error()));
    if (one.contains("python_jinja2")) {
      ASSERT_TRUE(out) << out.error().message;
      EXPECT_EQ(*out, std::string_view(one.at("python_jinja2").as_string()));
    } else {
      ASSERT_FALSE(out);
      EXPECT_THAT(out.error().message,
                  testing::EndsWith(std::string(one.at("python_jinja2_error").as_string())));
    }
  }
}

ChatTemplateInput one_user_message(json::value content) {
  ChatTemplateInput input;
  input.messages = {json::object{{"role", "user"}, {"content", std::move(content)}}};
  return input;
}

json::array two_parts() {
  return {json::object{{"type", "text"}, {"text", "one"}}, json::object{{"type", "text"}, {"text", "two"}}};
}

constexpr std::string_view kPlain = "{% for m in messages %}[{{ m.content + '' }}]{% endfor %}";
constexpr std::string_view kPrintsAnything = "{% for m in messages %}[{{ m.content }}]{% endfor %}";
constexpr std::string_view kTakesParts =
    "{% for m in messages %}{% if m.content is string %}[{{ m.content }}]{% else %}"
    "{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endif %}{% endfor %}";

TEST(ChatTemplate, JoinsPartsForTemplatesThatTakeOnlyText) {
  EXPECT_EQ(parsed(kPlain).render(one_user_message(two_parts())).value(), "[one\ntwo]");
  EXPECT_EQ(parsed(kPrintsAnything).render(one_user_message(two_parts())).value(), "[one\ntwo]");
}

TEST(ChatTemplate, LeavesPartsToTemplatesThatTakeThem) {
  EXPECT_EQ(parsed(kTakesParts).render(one_user_message(two_parts())).value(), "<one><two>");
}

TEST(ChatTemplate, TakesPartsRoleByRole) {
  const ChatTemplate made = parsed(
      "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + ';' }}{% else %}"
      "{% for p in m.content %}<{{ p.text if p is mapping else p }}>{% endfor %}{% endif %}{% endfor %}");
  ChatTemplateInput input = one_user_message(two_parts());
  input.messages.insert(input.messages.begin(), json::object{{"role", "system"}, {"content", two_parts()}});
  EXPECT_EQ(made.render(input).value(), "one\ntwo;<one><two>");
}

TEST(ChatTemplate, RefusesPartsThatAreNotTextWhereTheyCannotGo) {
  const json::array parts = {json::object{{"type", "image_url"}, {"image_url", "x"}}};
  const auto out = parsed(kPlain).render(one_user_message(parts));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(out.error().message, "messages[0].content[0]: the model's chat template takes text only");
}

TEST(ChatTemplate, AbsentToolsAreNone) {
  EXPECT_EQ(
      parsed("{{ tools is defined }},{{ tools is none }},{{ documents is defined }}").render({}).value(),
      "True,True,False");
}

TEST(ChatTemplate, AbsentToolsAreUndefinedWhereNoneWouldFail) {
  EXPECT_EQ(parsed("{{ tools is defined }}{% for t in tools %}{{ t }}{% endfor %}").render({}).value(),
            "False");
}

TEST(ChatTemplate, GivesTheTemplateItsVariables) {
  ChatTemplateInput input = one_user_message("hi");
  input.tools = {json::object{{"name", "f"}}};
  input.extra = {{"enable_thinking", false}, {"messages", 1}};
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  input.add_generation_prompt = false;
  EXPECT_EQ(parsed("{{ bos_token }}{{ messages[0].content }}{{ tools[0].name }}{{ enable_thinking }}"
                   "{{ add_generation_prompt }}{{ eos_token }}")
                .render(input)
                .value(),
            "<s>hifFalseFalse</s>");
}

TEST(ChatTemplate, RaisesInTheTemplatesOwnWords) {
  const auto out = parsed("{{ raise_exception('Only user roles!') }}").render({});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(out.error().message, "Only user roles!");
}

TEST(ChatTemplate, RuntimeErrorsNameTheLine) {
  const auto out = parsed("a\n{{ nothing.at_all }}").render({});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(out.error().message, "template line 2: 'nothing' is undefined");
}

TEST(ChatTemplate, ParseErrorsAreCorrupt) {
  const auto made = ChatTemplate::parse("a\n{% if %}");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(made.error().message, "line 2: expected an expression, got '%}'");
}

TEST(ChatTemplate, DateIsTheCallers) {
  const ChatTemplate made = parsed("{{ strftime_now('%d %b %Y') }}");
  ChatTemplateInput input;
  EXPECT_FALSE(made.render(input));
  input.now = kGoldenNow;
  EXPECT_EQ(made.render(input).value(), "26 Jul 2025");
}

TEST(ChatTemplate, ChatMl) {
  ChatTemplateInput input = one_user_message("hi");
  input.messages.push_back(json::object{{"role", "assistant"}, {"content", nullptr}});
  input.bos_token = "<s>";
  EXPECT_EQ(ChatTemplate::chatml(false).render(input).value(),
            "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n<|im_start|>assistant\n");
  input.add_generation_prompt = false;
  EXPECT_EQ(ChatTemplate::chatml(true).render(input).value(),
            "<s><|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n");
}

TEST(ChatTemplate, MessagesMustBeObjects) {
  ChatTemplateInput input;
  input.messages = {"text"};
  EXPECT_EQ(parsed(kPlain).render(input).error().message, "messages[0]: not an object");
}

}  // namespace
}  // namespace loci
