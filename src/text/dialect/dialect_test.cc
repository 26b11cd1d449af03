#include "text/dialect/dialect.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

TEST(Dialects, HermesSplitsReasoningContentAndCalls) {
  const Dialect* hermes = dialect_of_template("... <tool_call>");
  ASSERT_NE(hermes, nullptr);
  AnswerOptions options;
  options.tools = true;
  const auto parser = hermes->make_parser(options);
  AnswerDelta all;
  for (const char c : std::string("<think>\nhm\n</think>\n\nLet me see.\n<tool_call>\n{\"name\": \"f\", "
                                  "\"arguments\": {\"a\": [1, \"x\"]}}\n</tool_call>")) {
    const AnswerDelta delta = parser->feed({&c, 1});
    all.content += delta.content;
    all.reasoning += delta.reasoning;
    for (const ToolCallDelta& call : delta.tool_calls) {
      if (!call.name.empty()) all.tool_calls.push_back({call.index, call.id, call.name, {}});
      all.tool_calls.back().arguments += call.arguments;
    }
  }
  all.content += parser->finish().content;
  EXPECT_EQ(all.reasoning, "hm");
  EXPECT_EQ(all.content, "Let me see.");
  ASSERT_EQ(all.tool_calls.size(), 1u);
  EXPECT_EQ(all.tool_calls[0].name, "f");
  EXPECT_EQ(all.tool_calls[0].arguments, "{\"a\": [1, \"x\"]}");
}

}  // namespace
}  // namespace loci
