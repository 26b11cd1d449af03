#include "bench/workload.h"

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/json.h"
#include "bench/request_body.h"
#include "testing/files.h"

namespace loci::bench {
namespace {

std::unique_ptr<Workload> make(const WorkloadOptions& options) {
  auto workload = make_workload(options);
  EXPECT_TRUE(workload) << workload.error().message;
  return workload ? std::move(*workload) : nullptr;
}

const BodyOptions kIds{.model = "m", .alphabet = {.first = 10, .limit = 1000}};

std::vector<std::int64_t> ids_of(const Conversation& conversation) {
  const auto body = parse_json(request_body(conversation, {.output_tokens = 3}, kIds));
  EXPECT_TRUE(body) << body.error().message;
  std::vector<std::int64_t> ids;
  for (const json::value& id : body->at("prompt").as_array()) ids.push_back(id.as_int64());
  return ids;
}

std::size_t common_prefix(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

TEST(Workload, RandomLengthsStayWithinTheirRange) {
  const auto workload = make({.input_len = 100, .output_len = 20, .prefix_len = 7, .range_ratio = 0.5});
  std::set<std::int64_t> inputs;
  for (std::size_t i = 0; i < 500; ++i) {
    const auto session = workload->session(i);
    ASSERT_TRUE(session && session->turns.size() == 1);
    const auto tokens = planned_tokens(session->turns[0].messages) - 7;
    inputs.insert(tokens);
    EXPECT_TRUE(tokens >= 50 && tokens <= 150) << tokens;
    EXPECT_TRUE(session->turns[0].output_tokens >= 10 && session->turns[0].output_tokens <= 30);
  }
  EXPECT_GT(inputs.size(), 80u);
}

TEST(Workload, TheSeedAloneDecides) {
  const auto body = [](std::uint64_t seed, std::size_t index) {
    const auto session = make({.input_len = 50, .range_ratio = 0.3, .seed = seed})->session(index);
    return request_body(session->turns[0].messages, {}, kIds);
  };
  EXPECT_EQ(body(1, 5), body(1, 5));
  EXPECT_NE(body(1, 5), body(2, 5));
  EXPECT_NE(body(1, 5), body(1, 6));
}

TEST(Workload, IdsAreAsManyAsPlannedAndWithinTheVocabulary) {
  const auto session = make({.input_len = 321})->session(0);
  const auto ids = ids_of(session->turns[0].messages);
  EXPECT_EQ(ids.size(), 321u);
  for (const auto id : ids) EXPECT_TRUE(id >= 10 && id < 1000);
}

TEST(Workload, PrefixesAreSharedAndEndingsAreNot) {
  const auto workload =
      make({.dataset = "shared-prefix", .input_len = 20, .prefix_len = 100, .num_prefixes = 3});
  std::map<std::vector<std::int64_t>, int> prefixes;
  for (std::size_t i = 0; i < 60; ++i) {
    auto ids = ids_of(workload->session(i)->turns[0].messages);
    ASSERT_EQ(ids.size(), 120u);
    ids.resize(100);
    ++prefixes[ids];
    EXPECT_EQ(prefixes.size(), std::min<std::size_t>(i + 1, 3)) << "each is used once first";
  }
  EXPECT_EQ(prefixes.size(), 3u);
  const auto other_seed =
      make({.dataset = "shared-prefix", .input_len = 20, .prefix_len = 100, .num_prefixes = 3, .seed = 9});
  EXPECT_EQ(common_prefix(ids_of(workload->session(0)->turns[0].messages),
                          ids_of(other_seed->session(0)->turns[0].messages)),
            100u)
      << "a second run finds the first one's prefixes";
}

TEST(Workload, PopularPrefixesAreAskedForMoreOften) {
  const auto workload = make(
      {.dataset = "shared-prefix", .input_len = 5, .prefix_len = 8, .num_prefixes = 4, .prefix_zipf = 1});
  std::map<std::uint64_t, int> asked;
  for (std::size_t i = 0; i < 2000; ++i)
    ++asked[workload->session(i)->turns.front().messages.front().segments.front().key];
  std::vector<int> counts;
  for (const auto& [key, count] : asked) counts.push_back(count);
  std::ranges::sort(counts, std::greater{});
  ASSERT_EQ(counts.size(), 4u);
  EXPECT_NEAR(counts[0], 960, 90);  // 1 / (1 + 1/2 + 1/3 + 1/4)
  EXPECT_NEAR(counts[3], 240, 60);
}

TEST(Workload, AgentsSendAHundredTokensForEachThatTheyGet) {
  const auto workload = make({.dataset = "multi-turn"});
  double input = 0, output = 0;
  const auto session = workload->session(0);
  std::int64_t history = 0;
  for (const Turn& turn : session->turns) {
    history += planned_tokens(turn.messages);
    input += static_cast<double>(history);
    output += turn.output_tokens;
    history += turn.output_tokens;
  }
  EXPECT_NEAR(input / output, 100, 10);
  EXPECT_EQ(session->turns[0].messages[0].role, Message::Role::kSystem);
  EXPECT_EQ(session->turns[0].think, 0);
  EXPECT_GT(session->turns[1].think, 0);
}

TEST(Workload, ShareGptLikeLengths) {
  const auto workload = make({.dataset = "sharegpt"});
  double input = 0, output = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto session = workload->session(i);
    input += static_cast<double>(planned_tokens(session->turns[0].messages)) / 2000;
    output += session->turns[0].output_tokens / 2000.0;
  }
  EXPECT_NEAR(input, 150, 20);
  EXPECT_NEAR(output, 300, 30);
}

TEST(Workload, MixesByWeight) {
  const auto workload = make({.dataset = "mixed", .mix = "random:3,long-context:1"});
  EXPECT_EQ(workload->parts(), (std::vector<std::string>{"random", "long-context"}));
  int longs = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto session = workload->session(i);
    longs += session->part;
    EXPECT_EQ(planned_tokens(session->turns[0].messages), session->part == 1 ? 16384 : 1024);
  }
  EXPECT_NEAR(longs, 500, 80);
}

TEST(Workload, MooncakePromptsShareTheBlocksOfOneName) {
  const ::loci::testing::TemporaryFolder folder;
  ::loci::testing::write_file(
      folder / "t.jsonl",
      "{\"timestamp\": 0, \"input_length\": 1100, \"output_length\": 5, \"hash_ids\": [0, 1, 2]}\n"
      "{\"timestamp\": 4000, \"input_length\": 1500, \"output_length\": 6, \"hash_ids\": [0, 1, 3]}\n");
  const auto workload = make({.dataset = "trace", .trace = folder / "t.jsonl", .trace_speedup = 2});
  EXPECT_TRUE(workload->timed());
  const auto first = workload->session(0), second = workload->session(1);
  ASSERT_TRUE(first && second && !workload->session(2));
  EXPECT_EQ(second->at, 2.0);
  const auto a = ids_of(first->turns[0].messages), b = ids_of(second->turns[0].messages);
  EXPECT_EQ(a.size(), 1100u);
  EXPECT_EQ(b.size(), 1500u);
  EXPECT_EQ(common_prefix(a, b), 1024u);
  EXPECT_EQ(second->turns[0].output_tokens, 6);
}

TEST(Workload, RecordedSessionsKeepTheirOrder) {
  const ::loci::testing::TemporaryFolder folder;
  const auto line = [](int at, const char* session, const char* input) {
    return fmt::format(
        "{{\"timestamp\": {}, \"input\": \"{}\", \"output\": \"o\", \"session_id\": \"{}\"}}\n", at, input,
        session);
  };
  ::loci::testing::write_file(folder / "t.jsonl",
                              line(1, "a", "a1") + line(2, "b", "b1") + line(3, "a", "a2"));
  const auto workload = make({.dataset = "trace", .trace = folder / "t.jsonl"});
  EXPECT_FALSE(workload->timed());
  const auto session = workload->session(0);
  ASSERT_EQ(session->turns.size(), 2u);
  EXPECT_EQ(session->turns[1].messages[0].text, "a2");
  EXPECT_TRUE(session->turns[1].whole);
  EXPECT_EQ(workload->session(1)->turns.size(), 1u);
  EXPECT_FALSE(workload->session(2));
}

TEST(Workload, BadOptionsAreNamed) {
  const std::pair<WorkloadOptions, const char*> kCases[] = {
      {{.dataset = "sonnet"}, "--dataset-name: 'sonnet'"},
      {{.input_len = 0}, "--input-len: 0"},
      {{.output_len = -3}, "--output-len: -3"},
      {{.num_prefixes = 0}, "--num-prefixes"},
      {{.turns = 0}, "--turns"},
      {{.range_ratio = 1}, "--range-ratio"},
      {{.trace_speedup = 0}, "--trace-speedup"},
      {{.dataset = "trace"}, "--trace"},
      {{.dataset = "trace", .trace = "/absent/file"}, "/absent/file"},
      {{.dataset = "mixed"}, "--mix"},
      {{.dataset = "mixed", .mix = "random:0"}, "--mix: 'random:0': the weight"},
      {{.dataset = "mixed", .mix = "random:1,"}, "--mix: '' has no name"},
      {{.dataset = "mixed", .mix = "trace:1"}, "--mix: 'trace' cannot"},
      {{.dataset = "mixed", .mix = "nothing:1"}, "'nothing' is none of"},
  };
  for (const auto& [options, message] : kCases) {
    const auto workload = make_workload(options);
    ASSERT_FALSE(workload) << message;
    EXPECT_NE(workload.error().message.find(message), std::string::npos) << workload.error().message;
  }
}

TEST(RequestBody, ChatsAreMessages) {
  BodyOptions options{.api = Api::kChat, .form = PromptForm::kText, .model = "m"};
  options.extra = {{"top_k", 5}, {"temperature", 1}};
  const Conversation conversation{{.role = Message::Role::kSystem, .segments = {{1, 3}}},
                                  {.text = "question \"1\""},
                                  {.role = Message::Role::kAssistant, .text = "answer"}};
  const auto parsed = parse_json(request_body(conversation, {.output_tokens = 9, .priority = -2}, options));
  ASSERT_TRUE(parsed);
  const json::object& body = parsed->as_object();
  EXPECT_EQ(body.at("messages").as_array().size(), 3u);
  EXPECT_EQ(body.at("messages").at(1).at("content").as_string(), "question \"1\"");
  EXPECT_EQ(body.at("messages").at(2).at("role").as_string(), "assistant");
  EXPECT_EQ(body.at("max_tokens").as_int64(), 9);
  EXPECT_EQ(body.at("priority").as_int64(), -2);
  EXPECT_EQ(body.at("top_k").as_int64(), 5);
  EXPECT_EQ(body.at("temperature").as_int64(), 1);
  EXPECT_TRUE(body.at("stream_options").at("include_usage").as_bool());
}

TEST(RequestBody, RecordedTextGoesAsText) {
  EXPECT_FALSE(goes_as_ids({{.text = "recorded"}}, kIds));
  EXPECT_TRUE(goes_as_ids({{.segments = {{1, 3}}}, {.ids = {4, 5}}}, kIds));
  const auto body = parse_json(request_body({{.text = "recorded"}}, {}, kIds));
  EXPECT_EQ(body->at("prompt").as_string(), "recorded");
  const auto ids = ids_of({{.segments = {{1, 3}}}, {.ids = {4, 5}}});
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(ids.back(), 5);
}

}  // namespace
}  // namespace loci::bench
