// The program's manners: exit statuses, one-line errors, what goes to standard output and what does not.
#include <algorithm>

#include "testing/paths.h"
#include "testing/process.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

using testing::Finished;
using testing::run_program;

std::filesystem::path embedded_model_file() {
  return testing::repository() / "models/loci-tiny-q8_0.gguf";
}

bool is_one_line(const std::string& text) {
  return std::ranges::count(text, '\n') == 1 && text.ends_with('\n');
}

TEST(CommandLine, HelpAndVersion) {
  const Finished help = run_program({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"serve", "run", "chat", "inspect", "bench", "pull"})
    EXPECT_NE(help.out.find(command), std::string::npos) << command;
  const Finished serve = run_program({"serve", "--help"});
  EXPECT_EQ(serve.status, 0);
  for (const char* flag : {"--host",
                           "--port",
                           "--api-key",
                           "--served-model-name",
                           "--max-model-len",
                           "--max-num-seqs",
                           "--max-num-batched-tokens",
                           "--block-size",
                           "--seed",
                           "--dtype",
                           "--threads",
                           "--kv-cache-memory",
                           "--kv-cache-dtype",
                           "--max-body-size",
                           "--log-level",
                           "--allowed-origins",
                           "--chat-template",
                           "--generation-config",
                           "--shutdown-timeout",
                           "--config"})
    EXPECT_NE(serve.out.find(flag), std::string::npos) << flag;
  EXPECT_EQ(run_program({"--version"}).status, 0);
}

TEST(CommandLine, UnknownFlagsAndValuesExitWithTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"--nonsense"},
                                             {"nonsense"},
                                             {"serve", "--nonsense"},
                                             {"serve", "--port", "many"},
                                             {"serve", "--port", "70000"},
                                             {"serve", "--max-num-seqs", "0"},
                                             {"serve", "--block-size", "-4"},
                                             {"serve", "--config"},
                                             {"serve", "--config", "no-such-file.toml"},
                                             {"serve", "--kv-cache-memory", "lots"},
                                             {"serve", "--generation-config", "mine"},
                                             {"run", "a", "b", "c"}}) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.status, 2) << fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_FALSE(finished.err.empty());
  }
}

// A flag that may be repeated takes one value each time: it must not swallow the model.
TEST(CommandLine, FlagsLeaveTheModelAlone) {
  for (const char* flag : {"--api-key", "--allowed-origins"}) {
    const Finished finished = run_program({"serve", flag, "value", "absent.gguf"});
    EXPECT_EQ(finished.status, 1) << flag;
    EXPECT_NE(finished.err.find("absent.gguf"), std::string::npos) << finished.err;
  }
}

TEST(CommandLine, ModelAmongTheServedNamesIsRefused) {
  const Finished finished = run_program({"serve", "--served-model-name", "name", "absent.gguf"});
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(finished.err.find("absent.gguf"), std::string::npos) << finished.err;
}

TEST(CommandLine, ConfigFileSetsFlagsAndTheCommandLineWins) {
  const testing::TemporaryFolder folder;
  const auto config = folder / "loci.toml";
  testing::write_file(config, "max-model-len = 64\nblock_size = 8\nkv-cache-dtype = \"float32\"\n");
  const Finished from_file = run_program({"inspect", "--config", config});
  EXPECT_EQ(from_file.status, 0) << from_file.err;
  EXPECT_NE(from_file.out.find("blocks of 8 (F32"), std::string::npos) << from_file.out;
  const Finished overridden = run_program({"inspect", "--config=" + config.string(), "--block-size", "4"});
  EXPECT_NE(overridden.out.find("blocks of 4 (F32"), std::string::npos) << overridden.out;
  testing::write_file(config, "max-model-len = 64\nnonsense = 1\n");
  EXPECT_EQ(run_program({"inspect", "--config", config}).status, 2) << "an unknown key is an unknown flag";
  testing::write_file(config, "max-model-len = = 64\n");
  const Finished broken = run_program({"inspect", "--config", config});
  EXPECT_EQ(broken.status, 2);
  EXPECT_NE(broken.err.find("loci.toml:1"), std::string::npos) << broken.err;
}

TEST(CommandLine, RunPrintsTheCompletionAndNothingElse) {
  const Finished first = run_program({"run", "The old man", "--max-tokens", "12", "--temperature", "0"});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_FALSE(first.out.empty());
  EXPECT_EQ(first.err, "");
  const Finished named =
      run_program({"run", embedded_model_file(), "The old man", "--max-tokens", "12", "--temperature", "0"});
  EXPECT_EQ(named.out, first.out) << "the embedded model is the file in models/";
  EXPECT_EQ(run_program({"run", "-", "--max-tokens", "12", "--temperature", "0"}, "The old man").out,
            first.out);
  const Finished seeded = run_program({"run", "The old man", "--max-tokens", "12", "--seed", "7"});
  EXPECT_EQ(run_program({"run", "The old man", "--max-tokens", "12", "--seed", "7"}).out, seeded.out);
}

TEST(CommandLine, ChatAnswersEachLine) {
  const Finished chat = run_program({"chat", "--max-tokens", "8", "--temperature", "0"},
                                    "Hello.\n\n/clear\nHello.\n/exit\nnever read\n");
  EXPECT_EQ(chat.status, 0) << chat.err;
  const std::size_t half = chat.out.size() / 2;
  EXPECT_EQ(chat.out.substr(0, half), chat.out.substr(half)) << "after /clear the conversation begins again";
}

TEST(CommandLine, InspectShowsWhatIsInTheFile) {
  const Finished inspect = run_program({"inspect"});
  EXPECT_EQ(inspect.status, 0) << inspect.err;
  for (const char* part : {"llama", "Q8_0", "token_embd.weight", "KV memory", "weights", "context"})
    EXPECT_NE(inspect.out.find(part), std::string::npos) << part;
}

// A model that cannot be had is one line that names the file, and status 1.
TEST(BadModel, IsOneLineThatNamesTheFile) {
  const testing::TemporaryFolder folder;
  const std::string good = testing::read_file(embedded_model_file());
  testing::write_file(folder / "empty.gguf", "");
  testing::write_file(folder / "text.gguf", "this is no model");
  testing::write_file(folder / "short.gguf", good.substr(0, good.size() / 2));
  testing::write_file(folder / "header.gguf", good.substr(0, 100));
  std::filesystem::create_directory(folder / "hollow");
  std::filesystem::create_directory(folder / "broken");
  testing::write_file(folder / "broken" / "config.json", "{\"architectures\": [");
  GgufWriter unknown = testing::tiny_model();
  unknown.set("general.architecture", "unheard-of");
  ASSERT_TRUE(unknown.write(folder / "unknown.gguf").has_value());
  for (const char* name : {"absent.gguf", "empty.gguf", "text.gguf", "short.gguf", "header.gguf", "hollow",
                           "broken", "unknown.gguf"})
    for (const char* command : {"serve", "inspect"}) {
      const Finished finished = run_program({command, folder / name, "--log-level", "error"});
      EXPECT_EQ(finished.status, 1) << command << " " << name;
      EXPECT_TRUE(is_one_line(finished.err)) << finished.err;
      EXPECT_NE(finished.err.find(name), std::string::npos) << finished.err;
      EXPECT_EQ(finished.out, "");
    }
}

TEST(BadModel, AnUnknownPolicyIsRefusedWithThoseThereAre) {
  const Finished finished = run_program({"serve", "--scheduling-policy", "random", "--port", "0"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.err.find("fcfs"), std::string::npos) << finished.err;
}

TEST(CommandLine, DtypesHaveVllmsNamesAndTheFiles) {
  for (const char* name : {"auto", "float32", "half", "BF16", "f16", "int8", "fp8", "FP8_E4M3"})
    EXPECT_EQ(run_program({"inspect", "--kv-cache-dtype", name}).status, 0) << name;
  for (const char* name : {"int3", "Q8_0", "", "int8", "fp8"})
    EXPECT_EQ(run_program({"inspect", "--dtype", name}).status, 1) << name;
  const Finished refused = run_program({"inspect", "--kv-cache-dtype", "fp8_e5m2"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("--kv-cache-dtype 'fp8_e5m2' is none of auto"), std::string::npos);
}

TEST(BadModel, AnImpossibleFlagIsRefusedWithBothNumbers) {
  const Finished finished = run_program({"serve", "--max-model-len", "4096", "--port", "0"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.err.find("4096"), std::string::npos);
  EXPECT_NE(finished.err.find("1024"), std::string::npos);
}

}  // namespace
}  // namespace loci
