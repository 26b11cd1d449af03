// `loci pull` as a process against a hub on the loopback interface, and the commands that use what it
// brought.
#include <algorithm>

#include "hub/testing/fake_hub.h"
#include "testing/paths.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using testing::run_program;

class PullProcess : public ::testing::Test {
 protected:
  PullProcess() {
    for (const char* proxy : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "HF_TOKEN"})
      ::unsetenv(proxy);
    ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
    hub.files["loci-tiny-Q8_0.gguf"] =
        testing::read_file(testing::repository() / "models/loci-tiny-q8_0.gguf");
    hub.files["README.md"] = "a card";
    ::setenv("HF_ENDPOINT", hub.url().c_str(), 1);
  }
  ~PullProcess() override {
    ::unsetenv("HF_ENDPOINT");
    ::unsetenv("XDG_CACHE_HOME");
  }

  testing::TemporaryFolder folder;
  testing::FakeHub hub;
};

TEST_F(PullProcess, WhatIsPulledRunsByItsName) {
  const Finished before = run_program({"run", "org/model:Q8_0", "The old man"});
  EXPECT_EQ(before.status, 1);
  EXPECT_NE(before.err.find("run `loci pull org/model:Q8_0`"), std::string::npos) << before.err;

  const Finished pull = run_program({"pull", "org/model:q8_0"});
  ASSERT_EQ(pull.status, 0) << pull.err;
  EXPECT_EQ(pull.out, (folder / "cache").string() + "/loci/models/org/model/loci-tiny-Q8_0.gguf\n");
  EXPECT_NE(pull.err.find("verified"), std::string::npos) << pull.err;

  const std::vector<std::string> greedy{"The old man", "--max-tokens", "12", "--temperature", "0"};
  std::vector<std::string> embedded{"run"}, pulled{"run", "org/model:Q8_0"};
  std::ranges::copy(greedy, std::back_inserter(embedded));
  std::ranges::copy(greedy, std::back_inserter(pulled));
  const Finished run = run_program(pulled);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, run_program(embedded).out);
  EXPECT_EQ(run_program({"inspect", "org/model"}).status, 0) << "the only one that was pulled";
}

TEST_F(PullProcess, AFolderOfOnesOwn) {
  const Finished pull = run_program({"pull", "org/model", "--to", (folder / "here").string()});
  ASSERT_EQ(pull.status, 0) << pull.err;
  EXPECT_EQ(testing::read_file(folder / "here" / "loci-tiny-Q8_0.gguf"), hub.files["loci-tiny-Q8_0.gguf"]);
  EXPECT_EQ(run_program({"inspect", "org/model"}).status, 1) << "only the store is searched by name";
}

TEST_F(PullProcess, ErrorsAreOneLine) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"pull", "org/absent"},
                                             {"pull", "org/model:Q2_K"},
                                             {"pull", "org/model", "--revision", "no such"},
                                             {"pull", "../model"},
                                             {"pull", "model"}}) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.status, 1) << arguments[1];
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    EXPECT_EQ(finished.out, "");
  }
  EXPECT_EQ(run_program({"pull"}).status, 2);
}

}  // namespace
}  // namespace loci
