#include "bench/completion_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loci::bench {
namespace {

using ::testing::ElementsAre;

CompletionStream stream_of(const std::vector<const char*>& events, bool keep_text = true) {
  CompletionStream stream(keep_text);
  double now = 0;
  for (const char* event : events) EXPECT_TRUE(stream.take(event, now += 1)) << event;
  return stream;
}

TEST(CompletionStream, CompletionsWithUsage) {
  const auto stream = stream_of(
      {R"({"id":"c","choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":null}],"usage":null})",
       R"({"choices":[{"index":0,"text":"bc","finish_reason":null}]})",
       R"({"choices":[{"index":0,"text":"","finish_reason":"length"}]})",
       R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}})",
       "[DONE]"});
  EXPECT_TRUE(stream.ended());
  EXPECT_THAT(stream.output_times(), ElementsAre(1, 2)) << "the end brought no token";
  EXPECT_EQ(stream.count().tokens, 5);
  EXPECT_EQ(stream.count().source, CountSource::kUsage);
  EXPECT_THAT(stream.tokens_of_chunks(), ElementsAre(2, 3)) << "spread evenly";
  EXPECT_EQ(stream.prompt_tokens(), 7);
  EXPECT_EQ(stream.cached_tokens(), 4);
  EXPECT_EQ(stream.text(), "abc");
}

TEST(CompletionStream, ChatsBeginWithARoleThatIsNoToken) {
  const auto stream = stream_of({R"({"choices":[{"delta":{"role":"assistant","content":""}}]})",
                                 R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})",
                                 R"({"choices":[{"delta":{"reasoning":"m"}}]})",
                                 R"({"choices":[{"delta":{"content":"yes"}}]})",
                                 R"({"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})",
                                 R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"});
  EXPECT_THAT(stream.output_times(), ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(stream.count().source, CountSource::kChunks);
  EXPECT_EQ(stream.count().tokens, 4);
  EXPECT_EQ(stream.text(), "yes");
  EXPECT_TRUE(stream.ended());
}

TEST(CompletionStream, TokensAreCountedByIdsThenByLogprobs) {
  const auto by_ids =
      stream_of({R"({"choices":[{"text":"abc","token_ids":[5,6,7],"logprobs":{"tokens":["abc"]}}]})",
                 R"({"choices":[{"text":"","token_ids":[8],"finish_reason":"stop"}]})"});
  EXPECT_EQ(by_ids.count().tokens, 4);
  EXPECT_EQ(by_ids.count().source, CountSource::kTokenIds);
  EXPECT_THAT(by_ids.tokens_of_chunks(), ElementsAre(3, 1));
  EXPECT_THAT(by_ids.ids(), ElementsAre(5, 6, 7, 8));
  const auto by_logprobs = stream_of({R"({"choices":[{"text":"abc","logprobs":{"tokens":["a","b"]}}]})",
                                      R"({"choices":[{"delta":{},"logprobs":{"content":[{},{},{}]}}]})"});
  EXPECT_EQ(by_logprobs.count().tokens, 5);
  EXPECT_EQ(by_logprobs.count().source, CountSource::kLogprobs);
  EXPECT_THAT(by_logprobs.tokens_of_chunks(), ElementsAre(2, 3));
}

TEST(CompletionStream, AnAnswerWithoutWholeCharactersStillHasATime) {
  const auto stream = stream_of({R"({"choices":[{"text":"","finish_reason":"length"}]})",
                                 R"({"choices":[],"usage":{"completion_tokens":3}})"});
  EXPECT_THAT(stream.output_times(), ElementsAre(1));
  EXPECT_THAT(stream.tokens_of_chunks(), ElementsAre(3));
}

TEST(CompletionStream, ErrorsInsideTheStream) {
  for (const char* event :
       {R"({"error":{"message":"out of blocks","code":500}})",
        R"({"object":"error","message":"out of blocks"})", R"({"error":"out of blocks"})"}) {
    CompletionStream stream(false);
    const auto taken = stream.take(event, 1);
    ASSERT_FALSE(taken) << event;
    EXPECT_EQ(taken.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(taken.error().message, "out of blocks");
  }
}

TEST(CompletionStream, StrangeEventsNeverCrash) {
  for (const char* event : {"", "{", "[]", "3", "\"x\"", "{\"choices\": [", "\xff"}) {
    CompletionStream stream(true);
    EXPECT_FALSE(stream.take(event, 1)) << event;
  }
  for (const char* event :
       {"{}", R"({"choices":3})", R"({"choices":[3]})", R"({"choices":[{"text":7,"token_ids":["x"]}]})",
        R"({"usage":{"completion_tokens":-1,"prompt_tokens":1e9}})", R"({"usage":[1]})",
        R"({"usage":{"completion_tokens":99999999999}})"}) {
    CompletionStream stream(true);
    EXPECT_TRUE(stream.take(event, 1)) << event;
    EXPECT_LE(stream.count().tokens, 1) << event;
  }
}

}  // namespace
}  // namespace loci::bench
