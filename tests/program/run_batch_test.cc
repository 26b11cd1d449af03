// `loci run-batch` as a process: OpenAI's batch files, and going on after an end at any moment.
#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using testing::Process;
using testing::read_file;
using testing::run_program;
using testing::TemporaryFolder;
using testing::write_file;

std::string line(const std::string& id, const std::string& url, const std::string& body) {
  return R"({"custom_id": ")" + id + R"(", "method": "POST", "url": ")" + url + R"(", "body": )" + body +
         "}\n";
}

std::string completion(int i, int tokens) {
  return line("id-" + std::to_string(i), "/v1/completions",
              R"({"prompt": "The king said )" + std::to_string(i) +
                  R"(", "temperature": 0, "ignore_eos": true, )" + R"("max_tokens": )" +
                  std::to_string(tokens) + "}");
}

std::vector<json::object> lines_of(const std::string& path) {
  std::vector<json::object> lines;
  std::istringstream in(read_file(path));
  for (std::string text; std::getline(in, text);) {
    auto parsed = parse_json(text);
    EXPECT_TRUE(parsed && parsed->is_object()) << text;
    if (parsed && parsed->is_object()) lines.push_back(parsed->as_object());
  }
  return lines;
}

/// What each custom_id was answered; one that is there twice is an error.
std::map<std::string, std::string> texts_of(const std::string& path) {
  std::map<std::string, std::string> texts;
  for (const json::object& one : lines_of(path)) {
    const std::string id(one.at("custom_id").as_string());
    const json::value& body = one.at("response").at("body");
    EXPECT_TRUE(texts.emplace(id, body.at("choices").as_array().at(0).at("text").as_string()).second) << id;
  }
  return texts;
}

TEST(RunBatch, AnswersEveryLineWithWhatItDeserves) {
  const TemporaryFolder folder;
  const std::string in = folder / "in.jsonl", out = folder / "out.jsonl";
  const std::string chat = R"({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3})";
  write_file(in, completion(1, 3) + "\n" + line("chat", "/v1/chat/completions", chat) + "not json\n" +
                     line("bad", "/v1/completions", R"({"prompt": 5})") + line("files", "/v1/files", "{}") +
                     completion(1, 3) +
                     line("other", "/v1/completions", R"({"model": "gpt-9", "prompt": "a"})"));
  const Finished done = run_program({"run-batch", in, out});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.err.find("7 lines: 7 answered now (5 of them refused), 0 before"), std::string::npos)
      << done.err;

  std::map<std::string, json::object> by_id;
  std::map<std::int64_t, json::object> by_number;
  for (json::object& one : lines_of(out)) {
    EXPECT_TRUE(one.at("id").as_string().starts_with("batch_req_"));
    if (one.at("custom_id").is_null()) {
      by_number[one.at("error").at("line").as_int64()] = one;
    } else {
      EXPECT_TRUE(by_id.emplace(one.at("custom_id").as_string(), one).second);
    }
  }
  EXPECT_EQ(by_id.size(), 5u);
  EXPECT_EQ(by_id.at("id-1").at("response").at("status_code").as_int64(), 200);
  EXPECT_TRUE(by_id.at("id-1").at("error").is_null());
  EXPECT_EQ(by_id.at("chat").at("response").at("body").at("object").as_string(), "chat.completion");
  EXPECT_EQ(by_id.at("bad").at("response").at("status_code").as_int64(), 400);
  EXPECT_EQ(by_id.at("bad").at("response").at("body").at("error").at("param").as_string(), "prompt");
  EXPECT_EQ(by_id.at("other").at("response").at("status_code").as_int64(), 404);
  EXPECT_TRUE(by_id.at("files").at("response").is_null());
  ASSERT_EQ(by_number.size(), 2u);
  EXPECT_TRUE(by_number.contains(4)) << "not json";
  EXPECT_TRUE(by_number.contains(7)) << "a custom_id again";

  const std::string before = read_file(out);
  const Finished again = run_program({"run-batch", in, out});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(read_file(out), before) << "nothing is left to do";
}

TEST(RunBatch, GoesOnAfterAKill) {
  const TemporaryFolder folder;
  const std::string in = folder / "in.jsonl", out = folder / "out.jsonl", whole = folder / "whole.jsonl";
  constexpr int kLines = 60;
  std::string text;
  for (int i = 0; i < kLines; ++i) text += completion(i, 40 + i % 7);
  write_file(in, text);
  const Finished uninterrupted = run_program({"run-batch", in, whole});
  ASSERT_EQ(uninterrupted.status, 0) << uninterrupted.err;

  const auto answered = [&] { return std::ranges::count(read_file(out), '\n'); };
  write_file(out, "");
  for (int kill = 1; kill <= 3; ++kill) {
    Process process({"run-batch", in, out, "--max-num-seqs", "2", "--threads", "1"});
    while (answered() < 4 * kill && process.running()) std::this_thread::yield();
    process.signal(SIGKILL);
    process.wait();
  }
  const auto before = answered();
  EXPECT_GE(before, 12);
  write_file(out,
             read_file(out) + R"({"id":"batch_req_1","custom_id":"id-5","resp)");  // a kill within a line
  const Finished rest = run_program({"run-batch", in, out});
  EXPECT_EQ(rest.status, 0) << rest.err;
  const auto texts = texts_of(out);
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(kLines));
  EXPECT_EQ(texts, texts_of(whole)) << "the same answers, in whatever company they were computed";
}

TEST(RunBatch, FilesThatCannotBeAreRefusedInOneLine) {
  const TemporaryFolder folder;
  const std::string in = folder / "in.jsonl", out = folder / "out.jsonl";
  EXPECT_EQ(run_program({"run-batch", folder / "none.jsonl", out}).status, 1);
  write_file(in, completion(1, 3));
  const Finished same = run_program({"run-batch", in, in});
  EXPECT_EQ(same.status, 1);
  EXPECT_NE(same.err.find("in.jsonl:1"), std::string::npos) << same.err;
  EXPECT_EQ(read_file(in), completion(1, 3)) << "the input is left as it was";
  EXPECT_EQ(run_program({"run-batch", in}).status, 2);
}

}  // namespace
}  // namespace loci
