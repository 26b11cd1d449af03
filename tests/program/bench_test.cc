// The measuring commands, and the models made for them: what they print, and what they refuse.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "base/json.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using testing::run_program;

const std::vector<std::string> kQuickRoofline{"--roofline-seconds", "0.001", "--roofline-buffer", "16MB"};

std::vector<json::object> json_lines(const std::string& text) {
  std::vector<json::object> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    auto parsed = parse_json(line);
    EXPECT_TRUE(parsed && parsed->is_object()) << line;
    if (parsed && parsed->is_object()) lines.push_back(parsed->as_object());
  }
  return lines;
}

Finished run_bench(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), kQuickRoofline.begin(), kQuickRoofline.end());
  return run_program(std::move(arguments));
}

TEST(BenchModel, PrintsJsonLines) {
  const Finished bench =
      run_bench({"bench", "model", "-p", "32", "-n", "4", "-b", "1,3", "-r", "1", "-t", "2", "--json"});
  EXPECT_EQ(bench.status, 0) << bench.err;
  const auto lines = json_lines(bench.out);
  ASSERT_EQ(lines.size(), 3u) << bench.out;
  const std::pair<const char*, int> kExpected[] = {{"prefill", 1}, {"decode", 1}, {"decode", 3}};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const json::object& line = lines[i];
    EXPECT_EQ(line.at("test").as_string(), kExpected[i].first);
    EXPECT_EQ(line.at("batch").as_int64(), kExpected[i].second);
    EXPECT_EQ(line.at("prompt").as_int64(), 32);
    EXPECT_EQ(line.at("generate").as_int64(), 4);
    EXPECT_EQ(line.at("wanted_generate").as_int64(), 4);
    EXPECT_EQ(line.at("threads").as_int64(), 2);
    EXPECT_EQ(line.at("format").as_string(), "Q8_0");
    EXPECT_EQ(line.at("peak").as_string(), "int8");
    EXPECT_GT(line.at("tokens_per_second").as_double(), 0);
    EXPECT_GT(line.at("roofline_percent").as_double(), 0);
  }
}

TEST(BenchModel, TheTimeToTheFirstTokenIsTheSumOfItsParts) {
  const Finished bench = run_bench({"bench", "model", "--load", "-r", "1", "-t", "2", "--json"});
  EXPECT_EQ(bench.status, 0) << bench.err;
  std::vector<std::string> parts;
  double sum = 0, total = 0;
  for (const json::object& line : json_lines(bench.out)) {
    EXPECT_EQ(line.at("test").as_string(), "load");
    parts.emplace_back(line.at("part").as_string());
    (parts.back() == "total" ? total : sum) += line.at("seconds").to_number<double>();
    if (parts.back() == "weights") {
      EXPECT_GT(line.at("bytes").to_number<double>(), 0);
    }
  }
  EXPECT_EQ(parts, (std::vector<std::string>{"open", "tokenizer", "weights", "memory", "step", "total"}));
  EXPECT_NEAR(sum, total, 1e-9);
}

TEST(BenchKernels, PrintsEveryInstructionSetOfACall) {
  const Finished bench = run_bench({"bench", "kernels", "-t", "2", "--seconds", "0", "--json", "--filter",
                                    "^(matmul/Q8_0/tokens:4|add/tokens:1|kv_write/F16/tokens:1x16)/"});
  if (bench.err.find("matches no call") != std::string::npos) GTEST_SKIP() << "no vector instructions here";
  EXPECT_EQ(bench.status, 0) << bench.err;
  const auto lines = json_lines(bench.out);
  EXPECT_GE(lines.size(), 3u) << bench.out;
  std::map<std::string, std::set<std::string>> sets;  // of each call
  for (const json::object& line : lines)
    sets[std::string(line.at("test").as_string())].emplace(line.at("isa").as_string());
  EXPECT_EQ(sets.size(), 3u) << bench.out;
  for (const auto& [call, isas] : sets)  // AMX has matrix products and attention alone
    EXPECT_TRUE(std::ranges::includes(isas, sets["add/tokens:1"])) << call << ": " << bench.out;
  for (const json::object& line : lines) {
    EXPECT_TRUE(line.at("right").as_bool()) << json::serialize(line);
    for (const char* key : {"microseconds", "gb_per_second", "gop_per_second", "roofline_percent"})
      EXPECT_TRUE(line.at(key).is_double()) << key;
    EXPECT_EQ(line.at("threads").as_int64(), 2);
  }
}

TEST(BenchKernels, BadFiltersAreRefused) {
  const Finished broken = run_program({"bench", "kernels", "--filter", "matmul(("});
  EXPECT_EQ(broken.status, 1);
  EXPECT_NE(broken.err.find("matmul(("), std::string::npos) << broken.err;
  const Finished nothing = run_bench({"bench", "kernels", "--filter", "no-such-op"});
  EXPECT_EQ(nothing.status, 1);
  EXPECT_NE(nothing.err.find("no-such-op"), std::string::npos) << nothing.err;
}

TEST(BenchModel, FloatsAreMeasuredByTheirArithmetic) {
  const testing::TemporaryFolder folder;
  const std::string model = folder / "made.gguf";
  ASSERT_EQ(run_program({"make-model", model, "--like", "tiny", "--format", "BF16"}).status, 0);
  const auto peak_of = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"bench", "model", model, "-p", "8", "-n",
                                       "1",     "-b",    "1",   "-r", "1", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished bench = run_bench(arguments);
    EXPECT_EQ(bench.status, 0) << bench.err;
    return std::string(json_lines(bench.out).at(0).at("peak").as_string());
  };
  EXPECT_EQ(peak_of({}), "bf16");
  EXPECT_EQ(peak_of({"--dtype", "float32"}), "fp32");
  ASSERT_EQ(run_program({"make-model", model, "--like", "tiny", "--format", "Q4_0", "--force"}).status, 0);
  EXPECT_EQ(peak_of({}), "int8");
  EXPECT_EQ(peak_of({"--dtype", "float32"}), "fp32");
}

TEST(BenchModel, SaysWhenTheContextLoweredWhatWasAskedFor) {
  const testing::TemporaryFolder folder;
  const std::string little = folder / "little.gguf";
  ASSERT_EQ(run_program({"make-model", little, "--like", "tiny,context=16"}).status, 0);
  const Finished bench = run_bench({"bench", "model", little, "-p", "8", "-n", "100000", "-b", "1", "-b", "2",
                                    "-r", "1", "-t", "1", "--json"});
  EXPECT_EQ(bench.status, 0) << bench.err;
  const auto lines = json_lines(bench.out);
  ASSERT_EQ(lines.size(), 3u) << bench.out;
  EXPECT_EQ(lines[0].at("generate").as_int64(), 8);
  EXPECT_EQ(lines[0].at("wanted_generate").as_int64(), 100000);
}

TEST(BenchModel, BatchesThatDoNotFitAreRefused) {
  const Finished little = run_program({"bench", "model", "-b", "4", "--kv-cache-memory", "2MB"});
  EXPECT_EQ(little.status, 1);
  EXPECT_NE(little.err.find("lower -b, -p or -n"), std::string::npos) << little.err;
  for (const char* batches : {"0", "", "1,,2", "1,", ",1", "1,x", "1,4097", "99999999999"}) {
    const Finished refused = run_program({"bench", "model", "-b", batches});
    EXPECT_EQ(refused.status, 2) << batches;
    EXPECT_NE(refused.err.find("is no list of numbers from 1 to 4096"), std::string::npos) << refused.err;
  }
  const Finished nothing = run_program({"bench", "model", "-p", "0"});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_NE(nothing.err.find("--prompt: '0' is not a number of at least 1"), std::string::npos)
      << nothing.err;
  EXPECT_EQ(run_program({"bench", "model", "--ops", "--json"}).status, 2)
      << "ops are printed for people alone";
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
  EXPECT_EQ(tokens.err, "");
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
       {R"({"test":"read","threads":1,"gb_per_second":)", R"({"test":"read","threads":2,"gb_per_second":)",
        R"({"test":"loop","threads":2,"nanoseconds":)"})
    EXPECT_NE(bench.out.find(part), std::string::npos) << bench.out;
  EXPECT_EQ(run_program({"bench", "roofline", "--buffer", "much"}).status, 2);
  EXPECT_EQ(run_program({"bench", "roofline", "--buffer", "900000000GB", "-t", "1"}).status, 1);
}

}  // namespace
}  // namespace loci
