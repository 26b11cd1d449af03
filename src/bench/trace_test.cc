#include "bench/trace.h"

#include <gtest/gtest.h>
#include <set>

#include "testing/files.h"
#include "testing/paths.h"

namespace loci::bench {
namespace {

Result<Trace> parse(std::string_view text) {
  return parse_trace(text, "t", tokens_by_length);
}

TEST(Trace, Azure) {
  const auto trace = parse(
      "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:04.0319600,3180,8\r\n"
      "2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-17 00:00:03.9799600+00:00,1,0\r\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->format, "azure");
  ASSERT_EQ(trace->requests.size(), 3u);
  EXPECT_EQ(trace->requests[0].input_tokens, 4808) << "by time";
  EXPECT_EQ(trace->requests[0].at, 0);
  EXPECT_NEAR(trace->requests[1].at, 0.052, 1e-6);
  EXPECT_NEAR(trace->requests[2].at, 5 * 3600 + 43 * 60, 1e-3);
  EXPECT_EQ(trace->requests[2].output_tokens, 1);
}

TEST(Trace, BurstGptPassesOverFailures) {
  const auto trace = parse(
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
      "5,ChatGPT,472,18,490,Conversation log\n45.5,GPT-4,20,0,20,API log\n118,ChatGPT,1087,230,1317,API "
      "log\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->format, "burstgpt");
  ASSERT_EQ(trace->requests.size(), 2u);
  EXPECT_EQ(trace->requests[1].at, 113);
  EXPECT_EQ(trace->requests[1].output_tokens, 230);
}

TEST(Trace, LengthsAlone) {
  const auto trace =
      parse("num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio\n3772,54,3826,69.8\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_FALSE(trace->timed);
  EXPECT_EQ(trace->requests.at(0).input_tokens, 3772);
}

TEST(Trace, Mooncake) {
  const auto trace =
      parse(R"({"timestamp": 1500, "input_length": 1030, "output_length": 5, "hash_ids": [0, 1, 2]})"
            "\n\n"
            R"({"timestamp": 3000, "input_length": 512, "output_length": 0, "hash_ids": [0]})"
            "\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->format, "mooncake");
  EXPECT_EQ(trace->requests.at(0).blocks, (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_EQ(trace->requests.at(1).at, 1.5);
}

TEST(Trace, AibrixAndAgents) {
  const auto aibrix =
      parse(R"({"timestamp": 21, "requests": [{"Prompt Length": 9, "Output Length": 2, "prompt": "a"}, )"
            R"({"Prompt Length": 8, "Output Length": 3, "prompt": "b"}]})");
  ASSERT_TRUE(aibrix) << aibrix.error().message;
  EXPECT_EQ(aibrix->requests.size(), 2u);
  EXPECT_EQ(aibrix->requests[1].text, "b");
  const auto agent =
      parse(R"({"timestamp": 2000000, "input": "later", "output": "12345678", "session_id": "s"})"
            "\n"
            R"({"timestamp": 1000000, "input": "first", "output": "", "session_id": "s"})"
            "\n"
            R"({"timestamp": 1500000, "input": "", "output": "", "session_id": "s"})"
            "\n");
  ASSERT_TRUE(agent) << agent.error().message;
  EXPECT_FALSE(agent->timed);
  ASSERT_EQ(agent->requests.size(), 2u);
  EXPECT_EQ(agent->requests[0].text, "first");
  EXPECT_EQ(agent->requests[1].output_tokens, 2) << "bytes / 4";
}

TEST(Trace, BadInputNamesFileAndLine) {
  const std::string azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  const std::string burst = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n";
  const std::pair<std::string, const char*> kCases[] = {
      {"", "holds no request"},
      {" \n\n", "holds no request"},
      {azure, "holds no request"},
      {"time,tokens\n1,2\n", "t:1: a table with unknown columns"},
      {azure + "2023-11-16 18:17:03.97,4808\n", "t:2: 2 fields, the first line names 3"},
      {azure + "2023-11-16 18:17:03.97,4808,10\n2023-11-16 18:1", "t:3: 1 fields"},
      {azure + "2023-13-16 18:17:03,1,1\n", "t:2: TIMESTAMP: '2023-13-16 18:17:03' is no time"},
      {azure + "2023-02-30 18:17:03,1,1\n", "t:2: TIMESTAMP"},
      {azure + "2023-11-16 24:17:03,1,1\n", "t:2: TIMESTAMP"},
      {azure + "2023-11-16 18:17:03.x,1,1\n", "t:2: TIMESTAMP"},
      {azure + "2023-11-16 18:17:03junk,1,1\n", "t:2: TIMESTAMP"},
      {azure + ",1,1\n", "t:2: TIMESTAMP"},
      {burst + "-5,m,1,1,2,l\n", "t:2: Timestamp: '-5' is no time, or below 0"},
      {burst + "nan,m,1,1,2,l\n", "t:2: Timestamp"},
      {burst + "5,m,-1,1,2,l\n", "t:2: Request tokens: -1 is not in 0..100000000"},
      {burst + "5,m,1,99999999999999,2,l\n", "t:2: Response tokens: 99999999999999 is not in"},
      {burst + "5,m,1,99999999999999999999999,2,l\n", "t:2: Response tokens"},
      {burst + "5,m,1.5,1,2,l\n", "t:2: Request tokens: '1.5' is no whole number"},
      {"{\"timestamp\": 0, \"input_length\": 67", "t:1: invalid JSON"},
      {"{\"a\": 1}\n", "t:1: neither a Mooncake"},
      {"{\"timestamp\": -1, \"input_length\": 6, \"output_length\": 5}\n", "t:1: 'timestamp' -1 is below 0"},
      {"{\"timestamp\": 0, \"input_length\": 6}\n", "t:1: 'output_length' is no whole number"},
      {"{\"timestamp\": 0, \"input_length\": 600000000, \"output_length\": 5}\n",
       "t:1: 'input_length' 600000000"},
      {"{\"timestamp\": 0, \"input_length\": 6, \"output_length\": 5, \"hash_ids\": [1, 2]}\n",
       "t:1: 2 'hash_ids' for 6 tokens"},
      {"{\"timestamp\": 0, \"input_length\": 6, \"output_length\": 5, \"hash_ids\": [-1]}\n",
       "t:1: 'hash_ids' holds no whole numbers"},
      {"{\"timestamp\": 0, \"input_length\": 6, \"output_length\": 5}\n[1]\n", "t:2: no JSON object"},
      {"{\"timestamp\": 0, \"requests\": [1]}\n", "t:1: 'requests' holds something else"},
      {"{\"timestamp\": 0, \"requests\": 1}\n", "t:1: 'requests' is no array"},
      {"{\"timestamp\": 0, \"input\": 1, \"output\": \"\", \"session_id\": \"s\"}\n",
       "t:1: 'input' is no string"},
  };
  for (const auto& [text, message] : kCases) {
    const auto trace = parse(text);
    ASSERT_FALSE(trace) << text;
    EXPECT_NE(trace.error().message.find(message), std::string::npos) << trace.error().message;
  }
}

TEST(Trace, ShareGpt) {
  const std::string text(64, 'x');
  const auto trace = parse_sharegpt(R"([{"id": "a", "conversations": [{"from": "human", "value": ")" + text +
                                        R"("}, {"from": "gpt", "value": ")" + text + text +
                                        R"("}, {"from": "human", "value": "more"}]},
          {"conversations": [{"from": "human", "value": "alone"}]},
          {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "short"}]}])",
                                    "s", tokens_by_length);
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->requests.size(), 1u);
  EXPECT_EQ(trace->requests[0].input_tokens, 16);
  EXPECT_EQ(trace->requests[0].output_tokens, 32);
  for (const auto& [bad, message] : {std::pair{"{}", "s: no array"},
                                     {"[", "s: invalid JSON"},
                                     {"[]", "s: no conversation"},
                                     {"[3]", "s: conversation 1"},
                                     {R"([{"conversations": 4}])", "s: conversation 1"}}) {
    const auto refused = parse_sharegpt(bad, "s", tokens_by_length);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find(message), std::string::npos) << refused.error().message;
  }
}

TEST(Trace, FoldersHoldSessions) {
  const ::loci::testing::TemporaryFolder folder;
  const auto line = [](int at, const char* session) {
    return fmt::format(R"({{"timestamp": {}, "input": "i", "output": "o", "session_id": "{}"}})", at,
                       session);
  };
  ::loci::testing::write_file(folder / "a.jsonl", line(1, "a") + "\n" + line(3, "a") + "\n");
  ::loci::testing::write_file(folder / "b.jsonl", line(2, "b"));
  ::loci::testing::write_file(folder / "empty.jsonl", "");
  const auto trace = read_trace(folder / "", tokens_by_length);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->requests.size(), 3u);
  ::loci::testing::write_file(folder / "b.jsonl",
                              "{\"timestamp\": 0, \"input_length\": 6, \"output_length\": 5}\n");
  EXPECT_FALSE(read_trace(folder / "", tokens_by_length)) << "two formats";
  EXPECT_FALSE(read_trace(folder / "absent", tokens_by_length));
}

TEST(Trace, RealTraces) {
  const auto folder = ::loci::testing::shared_data() / "traces";
  SKIP_IF_ABSENT(folder);
  const auto size = [&](const char* name) {
    const auto trace = read_trace(folder / name, tokens_by_length);
    EXPECT_TRUE(trace) << trace.error().message;
    return trace ? trace->requests.size() : 0;
  };
  EXPECT_EQ(size("azure2023/AzureLLMInferenceTrace_code.csv"), 8819u);
  EXPECT_EQ(size("azure2023/AzureLLMInferenceTrace_conv.csv"), 19366u);
  EXPECT_EQ(size("arxiv/arxiv_summarization_stats_llama2_tokenizer.csv"), 28257u);
  EXPECT_EQ(size("sharegpt_timed/5s.jsonl"), 203u);
  EXPECT_GT(size("agent/taubench"), 100u);
  const auto mooncake = read_trace(folder / "mooncake/conversation_trace.jsonl", tokens_by_length);
  ASSERT_TRUE(mooncake) << mooncake.error().message;
  EXPECT_EQ(mooncake->requests.size(), 12031u);
  EXPECT_NEAR(mooncake->requests.back().at, 59 * 60, 60);
}

}  // namespace
}  // namespace loci::bench
