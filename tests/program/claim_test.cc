// `loci claim` as a user runs it, on experiments that count instead of timing.
#include <gmock/gmock.h>

#include "base/json.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::read_file;
using testing::run_program;
using testing::write_file;

constexpr std::string_view kCached = R"(title = "A prefix is found again"
layer = "kv-memory"
kind = "measured"
repeats = 2
paper = {figure = "none", source = "none"}
run.bench = {dataset-name = "shared-prefix", num-prefixes = 1, prefix-len = 64, input-len = 8, output-len = 2, num-prompts = 3, max-concurrency = 1}
run.serve = {threads = 1}
baseline = {words = "it is not kept", serve = {no-enable-prefix-caching = true}}
treatment = {words = "it is kept"}
metric = {path = "server.loci_computed_tokens_total", unit = "tokens", direction = "lower", ratio = 0.6}
loses = {words = "two that share nothing", run = {bench = {prefix-len = 0, input-len = 72}}, metric = {direction = "same", ratio = 1.01}}
)";

TEST(Claim, IsRunKeptListedAndReported) {
  const testing::TemporaryFolder folder;
  write_file(folder / "cached.toml", kCached);
  const std::vector<std::string> where{"--claims", std::string(folder / "")};
  const auto claim = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "claim");
    words.insert(words.end(), where.begin(), where.end());
    return run_program(words);
  };
  EXPECT_THAT(claim({"list"}).out, HasSubstr("not-run"));
  const Finished run = claim({"run", "cached"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("cached: holds: server.loci_computed_tokens_total ratio 0."));
  EXPECT_THAT(run.out, HasSubstr("cached, losing regime: holds"));
  EXPECT_THAT(run.err, HasSubstr("cached: claim, pair 2, baseline: "));

  const auto list = parse_json(claim({"list", "--json"}).out);
  ASSERT_TRUE(list && list->is_array() && list->get_array().size() == 1);
  EXPECT_EQ(list->at(0).at("id").as_string(), "cached");
  EXPECT_EQ(list->at(0).at("status").as_string(), "holds");
  EXPECT_EQ(list->at(0).at("layer").as_string(), "kv-memory");

  const Finished report = claim({"report", "-o", folder / "page.md"});
  EXPECT_EQ(report.status, 0) << report.err;
  EXPECT_THAT(read_file(folder / "page.md"), HasSubstr("| `cached` |"));
  EXPECT_THAT(read_file(folder / "page.svg"), ::testing::EndsWith("</svg>\n"));
}

TEST(Claim, WhatIsWrongIsOneLine) {
  const testing::TemporaryFolder folder;
  const std::string where = folder / "";
  const auto error_of = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{"claim", "--claims", where};
    all.insert(all.end(), words.begin(), words.end());
    const Finished finished = run_program(all);
    EXPECT_NE(finished.status, 0);
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    return finished.err;
  };
  EXPECT_THAT(error_of({"run"}), HasSubstr("name the claims"));
  EXPECT_THAT(error_of({"run", "absent"}), HasSubstr("absent.toml: cannot open"));
  std::string text(kCached);
  text.replace(text.find("repeats = 2"), 11, "repeats = 0");
  write_file(folder / "bad.toml", text);
  EXPECT_THAT(error_of({"run", "bad"}), HasSubstr("bad.toml:4: repeats: must be from 1 to 100, not 0"));
  EXPECT_THAT(error_of({"list"}), HasSubstr("bad.toml:4: repeats"));
  text = kCached;
  text.replace(text.find("threads = 1"), 11, "thraeds = 1");
  write_file(folder / "bad.toml", text);
  EXPECT_THAT(error_of({"run", "bad", "--repeats", "1"}),
              HasSubstr("bad: baseline: 'loci serve' ended with status 2"));
}

}  // namespace
}  // namespace loci
