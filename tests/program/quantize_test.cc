// `loci quantize`: what it writes is a model that the other commands run; what it refuses.
#include <filesystem>
#include <gmock/gmock.h>

#include "testing/paths.h"
#include "testing/process.h"

namespace loci {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using testing::TemporaryFolder;

std::string tiny() {
  return (testing::repository() / "models" / "loci-tiny-q8_0.gguf").string();
}

Finished quantize(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "quantize");
  return run_program(std::move(arguments));
}

TEST(Quantize, WritesAModelThatRuns) {
  const TemporaryFolder folder;
  const std::string out = folder / "small.gguf";
  const Finished done = quantize({tiny(), out, "q4_k_m", "--allow-requantize", "-v"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("Q4_K_M"));
  EXPECT_THAT(done.err, HasSubstr("blk.0.attn_q.weight  Q8_0 -> Q4_K"));
  EXPECT_THAT(done.err, HasSubstr("token_embd.weight  Q8_0 -> Q6_K"));
  EXPECT_THAT(done.err, HasSubstr("blk.0.attn_norm.weight  F32 -> F32"));
  EXPECT_LT(fs::file_size(out), fs::file_size(tiny()) * 8 / 10);
  EXPECT_FALSE(fs::exists(out + ".part"));
  const Finished inspected = run_program({"inspect", out});
  EXPECT_THAT(inspected.out, HasSubstr("Q4_K"));
  const Finished told =
      run_program({"run", out, "Once upon a time", "--max-tokens", "8", "--temperature", "0"});
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_GT(told.out.size(), 8u);
}

TEST(Quantize, TypesOfSingleTensors) {
  const TemporaryFolder folder;
  const std::string out = folder / "small.gguf";
  const Finished done = quantize({tiny(), out, "--type", "Q4_K_M", "--pure", "--token-embedding-type", "Q8_0",
                                  "--allow-requantize", "-v"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("token_embd.weight  Q8_0 -> Q8_0"));
  EXPECT_THAT(done.err, HasSubstr("blk.0.ffn_down.weight  Q8_0 -> Q4_K"));
}

TEST(Quantize, RefusalsNameWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string there = folder / "there.gguf", copy = folder / "copy.gguf", out = folder / "out.gguf";
  testing::write_file(there, "old");
  fs::copy_file(tiny(), copy);
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } kCases[] = {
      {{tiny(), out}, "give one type"},
      {{tiny(), out, "Q4_K_M", "--type", "Q8_0"}, "give one type"},
      {{tiny(), out, "Q9_9"}, "type 'Q9_9' is none of F32, F16"},
      {{tiny(), out, "Q4_K_M"}, "is Q8_0; rounding it once more"},
      {{tiny(), out, "Q4_K_M", "--output-tensor-type", "Q1"}, "--output-tensor-type 'Q1'"},
      {{tiny(), out, "Q8_0", "--token-embedding-type", "IQ2_XXS", "--allow-requantize"},
       "nothing here quantizes to IQ2_XXS"},
      {{tiny(), (folder / "out.bin").string(), "Q8_0"}, "must end in .gguf"},
      {{tiny(), there, "Q8_0"}, "is there already; --force"},
      {{copy, copy, "Q8_0", "--force"}, "is of the model that is read"},
      {{(folder / "none.gguf").string(), out, "Q8_0"}, "no such file"},
      {{there, out, "Q8_0"}, "header field 'magic'"},
      {{tiny(), (folder / "none" / "out.gguf").string(), "Q8_0"}, "cannot create"},
  };
  for (const auto& [arguments, message] : kCases) {
    const Finished refused = quantize(arguments);
    EXPECT_EQ(refused.status, 1) << message;
    EXPECT_THAT(refused.err, HasSubstr(message));
    EXPECT_FALSE(fs::exists(out)) << message;
  }
  EXPECT_EQ(testing::read_file(there), "old");
  EXPECT_EQ(fs::file_size(copy), fs::file_size(tiny()));
}

}  // namespace
}  // namespace loci
