// A real model through the whole server, in both of its file formats: the greedy text is the golden one.
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "server/testing/live_server.h"

namespace loci {
namespace {

using testing::LiveServer;
using testing::parsed;

const std::filesystem::path kFolder =
    std::filesystem::path(LOCI_SOURCE_DIR) / "../shared/data/models/stories260K";

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, TheServedTextIsTheGoldenText) {
  if (!std::filesystem::exists(kFolder / GetParam())) GTEST_SKIP() << "no " << kFolder / GetParam();
  const auto text = read_text_file(kFolder / "golden.json", std::size_t{1} << 20);
  ASSERT_TRUE(text.has_value());
  LiveServer server(kFolder / GetParam(), {});
  const json::object goldens = parsed(*text);
  for (const json::value& golden : goldens.at("cases").as_array()) {
    const auto count = static_cast<std::int64_t>(golden.at("greedy_ids").as_array().size());
    const json::object body{{"prompt", golden.at("prompt")},
                            {"max_tokens", count},
                            {"temperature", 0},
                            {"ignore_eos", true},
                            {"echo", true},
                            {"logprobs", 0}};
    const json::object answer = parsed(server.post("/v1/completions", json::serialize(body)).body);
    const json::value& choice = answer.at("choices").as_array().at(0);
    EXPECT_EQ(choice.at("text"), golden.at("text"));
    EXPECT_EQ(answer.at("usage").at("prompt_tokens").as_int64(),
              std::ssize(golden.at("prompt_ids").as_array()));
    EXPECT_EQ(choice.at("logprobs").at("tokens").as_array().size(),
              golden.at("prompt_ids").as_array().size() + golden.at("greedy_ids").as_array().size());
  }
}

INSTANTIATE_TEST_SUITE_P(Stories260K, Golden, ::testing::Values("stories260K-f32.gguf", "hf"),
                         [](const auto& format) {
                           return std::string(format.param) == "hf" ? "safetensors" : "gguf";
                         });

}  // namespace
}  // namespace loci
