// What a live engine was asked and decided, decided again.
#include "sim/replay.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>

#include "engine/live_engine.h"
#include "engine/loaded_model.h"

namespace loci::sim {
namespace {

using ::testing::HasSubstr;

const LoadedModel& default_model() {
  static const LoadedModel model = LoadedModel::load({}, {}).value();
  return model;
}

std::filesystem::path file_of(const char* name) {
  return std::filesystem::path(::testing::TempDir()) / name;
}

/// Some requests of several kinds, one of them cancelled, on the embedded model.
void record(const std::filesystem::path& path) {
  EngineConfig config;
  config.max_num_seqs = 4;
  config.max_num_batched_tokens = 48;
  config.threads = 1;
  config.kv_cache_memory = 2 << 20;
  config.step_log = path;
  auto engine = LiveEngine::start(default_model(), config);
  ASSERT_TRUE(engine) << engine.error().message;
  constexpr int kRequests = 14;
  std::latch ended(kRequests);
  for (int i = 0; i < kRequests; ++i) {
    Request request;
    for (int t = 0; t < 20 + 13 * (i % 5); ++t) request.prompt.push_back(5 + (i % 3 + t * t) % 40);
    request.max_tokens = 10 + 7 * (i % 4);
    request.choices = i % 5 == 0 ? 2 : 1;
    request.sampling.seed = static_cast<std::uint64_t>(i);
    request.tenant = i % 2 == 0 ? "a" : "b";
    const auto id = (*engine)->submit(request, [&ended](Event&& event) { ended.count_down(event.last); });
    ASSERT_TRUE(id) << id.error().message;
    if (i == 7) (*engine)->cancel(*id);
  }
  ended.wait();
  (*engine)->stop();
}

TEST(Replay, EveryPlanOfALiveEngineIsMadeAgain) {
  const auto path = file_of("live.jsonl");
  record(path);
  const auto log = read_step_log(path);
  ASSERT_TRUE(log) << log.error().message;
  const auto report = replay(*log);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->differs_at, std::nullopt);
  EXPECT_EQ(report->requests, 14u);
  EXPECT_GT(report->rows, 14u * 20);
  EXPECT_GT(report->steps.size(), 20u);
}

TEST(Replay, AnotherPolicyDecidesOtherwiseAndThatIsSeen) {
  const auto path = file_of("otherwise.jsonl");
  record(path);
  auto log = read_step_log(path);
  ASSERT_TRUE(log) << log.error().message;
  log->limits.step.max_tokens = 7;
  const auto report = replay(*log);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->differs_at);
}

TEST(Replay, ALogThatCannotBeIsRefusedByLine) {
  const auto path = file_of("bad.jsonl");
  record(path);
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  const auto error_of = [&](std::size_t line, const std::string& text) {
    auto changed = lines;
    changed[line] = text;
    std::ofstream out(path, std::ios::trunc);
    for (const std::string& each : changed) out << each << '\n';
    out.close();
    const auto log = read_step_log(path);
    return log ? std::string("was read") : log.error().message;
  };
  EXPECT_THAT(error_of(0, "{}"), HasSubstr("bad.jsonl:1"));
  EXPECT_THAT(error_of(0, R"({"log":"loci-steps","version":1})"), HasSubstr("max_model_len"));
  EXPECT_THAT(error_of(1, R"({"accept":1})"), HasSubstr("bad.jsonl:2"));
  EXPECT_THAT(
      error_of(
          1,
          R"({"accept":1,"at":2,"prompt":[-1],"choices":1,"max_tokens":1,"priority":0,"tenant":"","namespace":0,"retention":[]})"),
      HasSubstr("prompt"));
  EXPECT_THAT(error_of(1, R"({"accept":1,"at":2,"prompt":[1],"unsupported":"a beam search"})"),
              HasSubstr("beam"));
  std::string huge = lines[0];
  huge.replace(huge.find("\"host_blocks\":0"), 15, "\"host_blocks\":1073741824");
  EXPECT_THAT(error_of(0, huge), HasSubstr("host_blocks"));
  EXPECT_THAT(error_of(2, "[1,2]"), HasSubstr("bad.jsonl:3"));
  EXPECT_THAT(error_of(2, "{"), HasSubstr("bad.jsonl:3"));
  EXPECT_THAT(error_of(2, R"({"what":1})"), HasSubstr("no line of a step log"));
  EXPECT_FALSE(read_step_log(file_of("none.jsonl")));
}

TEST(Replay, RequestsThatNoEngineTakesAreRefused) {
  const auto path = file_of("requests.jsonl");
  record(path);
  const auto log = read_step_log(path);
  ASSERT_TRUE(log) << log.error().message;
  auto twice = *log;
  twice.turns.back().commands.push_back(twice.turns.front().commands.front());
  EXPECT_THAT(replay(twice).error().message, HasSubstr("accepted twice"));
  auto large = *log;
  std::get<LoggedTurn::Accept>(large.turns.front().commands.front()).request.max_tokens = 1 << 20;
  EXPECT_THAT(replay(large).error().message, HasSubstr("max_tokens"));
}

TEST(Replay, ALogAtItsLimitEndsAndTheEngineGoesOn) {
  EngineConfig config;
  config.max_num_seqs = 2;
  config.threads = 1;
  config.step_log = file_of("short.jsonl");
  config.step_log_bytes = 1500;
  auto engine = LiveEngine::start(default_model(), config);
  ASSERT_TRUE(engine) << engine.error().message;
  Request request;
  request.prompt = {5, 6, 7};
  request.max_tokens = 60;
  std::latch ended(1);
  ASSERT_TRUE((*engine)->submit(request, [&ended](Event&& event) { ended.count_down(event.last); }));
  ended.wait();
  (*engine)->stop();
  EXPECT_LE(std::filesystem::file_size(config.step_log), 1500u);
  const auto log = read_step_log(config.step_log);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(replay(*log)->differs_at, std::nullopt);
}

}  // namespace
}  // namespace loci::sim
