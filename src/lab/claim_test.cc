#include "lab/claim.h"

#include <gmock/gmock.h>

#include "base/philox.h"

namespace loci::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kServed = R"(title = "Prefixes are kept"
layer = "kv-memory"
kind = "measured"
[paper]
figure = "none given"
source = "a paper"
[run.serve]
max-num-seqs = 8
[run.bench]
num-prompts = 4
goodput = ["ttft:1", "tpot:2"]
disable-progress = true
save-detailed = false
[[run.prepare]]
seed = 3
[baseline]
words = "without"
serve = {no-enable-prefix-caching = true}
[treatment]
words = "with"
[metric]
path = "median_ttft_ms"
unit = "ms"
direction = "lower"
ratio = 0.5
[loses]
words = "nothing is shared"
bench = {}
)";

Result<Claim> claim_of(std::string_view text, std::string name = "claims/apc-hash.toml") {
  auto file = parse_toml(text, std::move(name));
  if (!file) return std::unexpected(file.error());
  return read_claim(*file);
}

/// kServed with one text put for another.
std::string changed(std::string_view from, std::string_view to) {
  std::string text(kServed.substr(0, kServed.find("bench = {}")));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(std::string_view from, std::string_view to) {
  const auto claim = claim_of(changed(from, to));
  return claim ? "" : claim.error().message;
}

TEST(Claim, SidesAreTheRunWithWhatTheyReplace) {
  const auto claim = claim_of(changed("", ""));
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(claim->id, "apc-hash");
  EXPECT_EQ(claim->main.repeats, 6);
  EXPECT_FALSE(claim->loses.experiment) << "words alone";
  const auto& baseline = std::get<ServerSetup>(claim->main.baseline.setup);
  const auto& treatment = std::get<ServerSetup>(claim->main.treatment.setup);
  EXPECT_THAT(baseline.serve, ElementsAre("--max-num-seqs=8", "--no-enable-prefix-caching"));
  EXPECT_THAT(treatment.serve, ElementsAre("--max-num-seqs=8"));
  EXPECT_THAT(baseline.bench,
              ElementsAre("--disable-progress", "--goodput=ttft:1", "--goodput=tpot:2", "--num-prompts=4"));
  ASSERT_EQ(baseline.prepare.size(), 1U);
  EXPECT_THAT(baseline.prepare[0], ElementsAre("--seed=3"));
}

TEST(Claim, TheLosingRegimeReplacesPartsOfTheClaim) {
  const auto claim = claim_of(changed("words = \"nothing is shared\"\n",
                                      "words = \"x\"\n[loses.run.bench]\nnum-prompts = "
                                      "9\n[loses.metric]\ndirection = \"higher\"\nratio = 1\n"));
  ASSERT_TRUE(claim) << claim.error().message;
  ASSERT_TRUE(claim->loses.experiment);
  EXPECT_EQ(claim->loses.experiment->metric.direction, Direction::kHigher);
  EXPECT_EQ(claim->loses.experiment->metric.path, "median_ttft_ms");
  EXPECT_THAT(std::get<ServerSetup>(claim->loses.experiment->treatment.setup).bench,
              ::testing::Contains("--num-prompts=9"));
  EXPECT_THAT(std::get<ServerSetup>(claim->loses.experiment->baseline.setup).serve,
              ::testing::Contains("--no-enable-prefix-caching"));
}

TEST(Claim, CommandsAndScenarios) {
  const auto command = claim_of(R"(title = "t"
layer = "kernels-memory"
kind = "measured"
paper = {figure = "f", source = "s"}
run = {command = "bench kernels", flags = {json = true}}
baseline = {words = "a", flags = {filter = "x"}}
treatment = {words = "b", flags = {filter = "y"}, model = {like = "bench-0.5b"}}
metric = {path = "a.b", unit = "us", direction = "higher", select = {test = "decode", batch = 1}}
loses = {words = "w"}
)");
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_THAT(std::get<CommandSetup>(command->main.baseline.setup).arguments,
              ElementsAre("bench", "kernels", "--filter=x", "--json"));
  EXPECT_EQ(std::get<CommandSetup>(command->main.treatment.setup).model->shape, "bench-0.5b");
  EXPECT_EQ(command->main.metric.select.size(), 2U);

  const auto scenario = claim_of(R"(title = "t"
layer = "gateway"
kind = "simulated"
paper = {figure = "f", source = "s"}
run.scenario = {router = "none", replicas = {count = 8}}
baseline = {words = "a", scenario = {router = "round-robin"}}
treatment = {words = "b", scenario = {router = "dualmap"}}
metric = {path = "ttft.p99", unit = "ms", direction = "lower"}
loses = {words = "w"}
)");
  ASSERT_TRUE(scenario) << scenario.error().message;
  const TomlFile& file = std::get<ScenarioSetup>(scenario->main.treatment.setup).scenario;
  EXPECT_EQ(std::get<std::string>(file.root.find("router")->value), "dualmap");
  EXPECT_EQ(std::get<std::int64_t>(file.root.find("replicas")->find("count")->value), 8);
  EXPECT_EQ(file.root.find("router")->line, 7) << "an override keeps its line";
}

TEST(Claim, BadOnesAreRefusedByFileLineAndKey) {
  EXPECT_EQ(refusal("title = \"Prefixes are kept\"\n", ""), "claims/apc-hash.toml:1: title: missing");
  EXPECT_THAT(refusal("\"kv-memory\"", "\"attic\""),
              HasSubstr("claims/apc-hash.toml:2: layer: 'attic' is none of: gateway, "));
  EXPECT_THAT(refusal("\"measured\"", "\"guessed\""),
              HasSubstr(":3: kind: 'guessed' is none of: measured, emulated, simulated"));
  EXPECT_THAT(refusal("\"measured\"", "\"simulated\""), HasSubstr(":3: kind: "));
  EXPECT_THAT(refusal("[paper]", "repeats = -1\n[paper]"),
              HasSubstr(":4: repeats: must be from 1 to 100, not -1"));
  EXPECT_THAT(refusal("[paper]", "repeats = 5.5\n[paper]"),
              HasSubstr(":4: repeats: must be an integer, not a number"));
  EXPECT_THAT(refusal("[paper]", "colour = \"red\"\n[paper]"), HasSubstr(":4: colour: unknown key"));
  EXPECT_THAT(refusal("source = \"a paper\"\n", ""), HasSubstr(":4: paper.source: missing"));
  EXPECT_THAT(refusal("ratio = 0.5", "ratio = 1.5"), HasSubstr("metric.ratio: must be at most 1"));
  EXPECT_THAT(refusal("ratio = 0.5", "ratio = -1"), HasSubstr("metric.ratio: must be from 0 to"));
  EXPECT_THAT(refusal("direction = \"lower\"\n", ""), HasSubstr("metric.direction: missing"));
  EXPECT_THAT(refusal("[treatment]\nwords = \"with\"\n", ""), HasSubstr("treatment is missing"));
  EXPECT_THAT(refusal("max-num-seqs = 8", "max-num-seqs = {x = 1}"),
              HasSubstr(":8: serve.max-num-seqs: must be text, a number"));
  EXPECT_THAT(refusal("[run.serve]", "[run.sevre]"), HasSubstr(":7: sevre: unknown key"));
  EXPECT_THAT(refusal("serve = {no", "serve = 3\nx = {no"), HasSubstr("serve: must be a table"));
  EXPECT_THAT(refusal("words = \"with\"", "words = \"with\"\ncommand = \"bench model\""),
              HasSubstr("must have one of"));
  EXPECT_THAT(refusal("[[run.prepare]]", "[run.prepare]"), HasSubstr("prepare: must be a list, not a table"));
  EXPECT_THAT(refusal("words = \"nothing is shared\"", "words = \"x\"\nrepeats = 2"),
              HasSubstr("direction must say which way"));
  EXPECT_THAT(refusal("words = \"nothing is shared\"", "wrods = \"x\""), HasSubstr("loses.words: missing"));
  EXPECT_THAT(claim_of(kServed, "claims/Bad Name.toml").error().message, HasSubstr("must be an id"));
  EXPECT_THAT(read_claim_file("no/such.toml").error().message, HasSubstr("no/such.toml"));
  EXPECT_THAT(read_claims("no/such/folder").error().message, HasSubstr("no/such/folder"));
}

TEST(Claim, TheHashIsOfWhatIsRun) {
  const auto claim = claim_of(changed("", ""));
  EXPECT_EQ(claim->hash, claim_of(changed("\"without\"", "\"none\""))->hash) << "words are words";
  EXPECT_EQ(claim->hash, claim_of(changed("\"a paper\"", "\"another\""))->hash);
  EXPECT_NE(claim->hash, claim_of(changed("num-prompts = 4", "num-prompts = 5"))->hash);
  EXPECT_NE(claim->hash, claim_of(changed("ratio = 0.5", "ratio = 0.6"))->hash);
}

/// Bytes of a good claim changed, dropped and doubled: every outcome is a claim or one line.
TEST(Claim, RandomDamageNeverCrashes) {
  const std::string good = changed("", "");
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::string text = good;
    const auto draw = [&](std::uint64_t what, std::size_t limit) {
      return static_cast<std::size_t>(philox_uniform(seed, 1, what) * static_cast<double>(limit));
    };
    for (std::uint64_t i = 0; i <= draw(0, 4); ++i) {
      const std::size_t at = draw(10 * i + 1, text.size()), length = draw(10 * i + 2, 20);
      switch (draw(10 * i + 3, 3)) {
        case 0:
          text[at] = static_cast<char>(draw(10 * i + 4, 256));
          break;
        case 1:
          text.erase(at, length);
          break;
        default:
          text.insert(at, text.substr(draw(10 * i + 5, text.size()), length));
      }
    }
    const auto claim = claim_of(text);
    if (claim) continue;
    ++refused;
    EXPECT_THAT(claim.error().message, HasSubstr("claims/apc-hash.toml:")) << text;
  }
  EXPECT_GT(refused, 1500);
}

TEST(Claim, ThoseOfTheProjectAreRight) {
  const auto claims = read_claims(LOCI_SOURCE_DIR "/claims");
  ASSERT_TRUE(claims) << claims.error().message;
  for (const Claim& claim : *claims) EXPECT_FALSE(claim.loses.words.empty()) << claim.id;
}

}  // namespace
}  // namespace loci::lab
