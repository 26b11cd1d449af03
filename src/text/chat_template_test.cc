#include "text/chat_template.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
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

json::array call_with(json::value content) {
  const json::object function{{"name", "f"}, {"arguments", json::object{{"x", 1}}}};
  return {json::object{{"role", "user"}, {"content", "q"}},
          json::object{{"role", "assistant"},
                       {"content", std::move(content)},
                       {"tool_calls", json::array{json::object{{"id", "1"}, {"function", function}}}}}};
}

std::string rendered_call(const ChatTemplate& made) {
  ChatTemplateInput input;
  input.messages = call_with(nullptr);
  made.fit(input.messages);
  return made.render(input).value();
}

constexpr std::string_view kCalls =
    "{% for m in messages %}{{ m.content }};{% for c in m.tool_calls %}{{ c.function.arguments | tojson }}{% "
    "endfor %}"
    "{% endfor %}";
constexpr std::string_view kTextCalls =
    "{% for m in messages %}{{ (m.content or '') + ';' }}"
    "{% for c in m.tool_calls %}{{ c.function.name + c.function.arguments }}{% endfor %}{% endfor %}";
constexpr std::string_view kCallsBehindNull =
    "{% for m in messages %}{% if m.content is none %}{% for c in m.tool_calls %}"
    "{{ c.function.arguments | tojson }}{% endfor %}{% else %}{{ m.content }};{% endif %}{% endfor %}";

TEST(ChatTemplate, CallsTakeTheFormThatTheTemplateCanWrite) {
  EXPECT_EQ(rendered_call(parsed(kCalls)), "q;;{\"x\": 1}") << "\"None\" is not what an empty content says";
  EXPECT_EQ(rendered_call(parsed(kTextCalls)), "q;;f{\"x\":1}");
  EXPECT_EQ(rendered_call(parsed(kCallsBehindNull)), "q;{\"x\": 1}");
  EXPECT_EQ(rendered_call(parsed("{% for m in messages %}[{{ m.content }}]{% endfor %}")), "[q][]");
}

TEST(ChatTemplate, DevelopersAreSystemsWhereTheTemplateDoesNotKnowThem) {
  json::array messages{json::object{{"role", "developer"}, {"content", "d"}}};
  parsed("{% for m in messages %}{{ m.role }}{% endfor %}").fit(messages);
  EXPECT_EQ(messages[0].at("role").as_string(), "system");
  messages[0].as_object()["role"] = "developer";
  parsed("{% for m in messages %}{{ m.role == 'developer' }}{% endfor %}").fit(messages);
  EXPECT_EQ(messages[0].at("role").as_string(), "developer");
}

/// Every template of the data that writes calls at all writes one that the API gives it.
TEST(ChatTemplate, RealTemplatesWriteCallsOfTheApi) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  int with_calls = 0;
  std::set<std::string> refusing;
  for (const auto& file : std::filesystem::directory_iterator(kData / "jinja")) {
    const std::string source = read_file(file.path());
    if (source.find("tool_calls") == std::string::npos) continue;
    SCOPED_TRACE(file.path().filename());
    const ChatTemplate made = parsed(source);
    ChatTemplateInput input;
    input.now = kGoldenNow;
    input.messages = call_with(nullptr);
    input.messages.back().as_object()["tool_calls"].as_array()[0].as_object()["id"] = "call00001";
    input.messages.back().as_object()["tool_calls"].as_array()[0].as_object()["type"] = "function";
    input.messages.push_back(json::object{
        {"role", "tool"}, {"tool_call_id", "call00001"}, {"name", "f"}, {"content", "result-7"}});
    made.fit(input.messages);
    const auto out = made.render(input);
    if (!out) {
      refusing.insert(file.path().filename());
      continue;
    }
    EXPECT_EQ(out->find("{'x'"), std::string::npos) << *out;
    EXPECT_EQ(out->find("None"), std::string::npos) << *out;
    ++with_calls;
  }
  EXPECT_GT(with_calls, 20);
  // One wants a variable `functions` of its own, one assigns to what is no namespace, one appends to a list,
  // which transformers' sandbox refuses as well.
  EXPECT_EQ(refusing, (std::set<std::string>{"fireworks-ai-llama-3-firefunction-v2.jinja",
                                             "MiroThinker.jinja", "Kimi-K2-Instruct.jinja"}));
}

TEST(ChatTemplate, GoesOnWithTheLastMessage) {
  constexpr std::string_view kSource =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}{{ '<assistant>' if "
      "add_generation_prompt }}";
  constexpr std::string_view kTrimming =
      "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>{% endfor %}";
  ChatTemplateInput input = one_user_message("a");
  input.add_generation_prompt = false;
  input.continue_final_message = true;
  input.messages.push_back(json::object{{"role", "assistant"}, {"content", " The a "}});
  EXPECT_EQ(parsed(kSource).render(input).value(), "<user>a</><assistant> The a ");
  EXPECT_EQ(parsed(kTrimming).render(input).value(), "<user>a</><assistant>The a");
  input.messages.back().as_object()["content"] = two_parts();
  EXPECT_EQ(parsed(kSource).render(input).value(), "<user>a</><assistant>one\ntwo");
  input.messages.back().as_object()["content"] = " ";
  EXPECT_EQ(parsed(kSource).render(input).error().code, ErrorCode::kInvalidArgument);
  input.messages.back().as_object()["content"] = nullptr;
  EXPECT_EQ(parsed(kSource).render(input).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace loci
