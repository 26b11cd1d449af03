// The measuring commands, and the models made for them: what they print, and what they refuse.
#include <algorithm>
#include <filesystem>

#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using testing::run_program;

TEST(BenchModel, PrintsJsonLines) {
  const Finished bench =
      run_program({"bench", "model", "-p", "32", "-n", "4", "-b", "1,2", "-r", "1", "--json"});
  EXPECT_EQ(bench.status, 0) << bench.err;
  EXPECT_EQ(std::ranges::count(bench.out, '\n'), 3);
  EXPECT_NE(bench.out.find(R"("test":"prefill","batch":1)"), std::string::npos) << bench.out;
  EXPECT_NE(bench.out.find(R"("test":"decode","batch":2)"), std::string::npos) << bench.out;
}

TEST(MakeModel, ItsModelLoadsAndGenerates) {
  const testing::TemporaryFolder folder;
  const std::string model = folder / "made.gguf";
  for (const char* format : {"Q4_0", "Q4_K_M", "IQ3_S"}) {
    const Finished made = run_program({"make-model", model, "--like", "tiny", "--format", format, "--force"});
    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_NE(made.out.find("tiny, 1.3 M parameters"), std::string::npos) << made.out;
    const Finished text =
        run_program({"run", model, "Some bytes \xC3\xA9", "--max-tokens", "4", "--temperature", "0"});
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_FALSE(text.out.empty()) << format;
  }
  const Finished tokens = run_program({"tokenize", model, "a \xC3\xA9"});
  EXPECT_EQ(tokens.out, "100 35 198 172\n") << "a byte is token 3 + byte";
}

TEST(MakeModel, RefusesByName) {
  const testing::TemporaryFolder folder;
  const std::string model = folder / "made.gguf";
  testing::write_file(model, "precious");
  const std::pair<std::vector<std::string>, const char*> kCases[] = {
      {{"make-model", model, "--like", "tiny"}, "--force"},
      {{"make-model", model, "--like", "huge", "--force"}, "'huge' is none of"},
      {{"make-model", model, "--like", "tiny,heads=7", "--force"}, "kv_heads"},
      {{"make-model", model, "--like", "tiny", "--format", "Q7", "--force"}, "'Q7' is none of"},
      {{"make-model", model, "--like", "tiny,hidden=40", "--format", "Q4_0", "--force"}, "token_embd.weight"},
      {{"make-model", folder / "absent/made.gguf", "--like", "tiny"}, "absent/made.gguf"},
      {{"make-model"}, "OUT.gguf"},
  };
  for (const auto& [arguments, message] : kCases) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.status, 1) << message;
    EXPECT_NE(finished.err.find(message), std::string::npos) << finished.err;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  }
  EXPECT_EQ(testing::read_file(model), "precious");
  EXPECT_FALSE(std::filesystem::exists(model + ".part"));
}

TEST(BenchRoofline, PrintsTheLimitsOfEachThreadCount) {
  const Finished bench =
      run_program({"bench", "roofline", "-t", "2", "--seconds", "0.001", "--buffer", "16MB", "--json"});
  EXPECT_EQ(bench.status, 0) << bench.err;
  for (const char* part :
       {R"({"test":"read","threads":1,"gb_per_second":)", R"({"test":"read","threads":2,"gb_per_second":)"})
    EXPECT_NE(bench.out.find(part), std::string::npos) << bench.out;
  EXPECT_EQ(run_program({"bench", "roofline", "--buffer", "much"}).status, 2);
  EXPECT_EQ(run_program({"bench", "roofline", "--buffer", "900000000GB", "-t", "1"}).status, 1);
}

}  // namespace
}  // namespace loci
