#include "decode/beam_search.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "base/philox.h"

namespace loci {
namespace {

using Tokens = std::vector<TokenId>;

/// A language of few tokens: what follows a prefix is a hash of it. Coarse logits make ties frequent.
struct Language {
  std::uint64_t seed;
  int vocab;
  bool coarse;

  std::vector<float> logits(const Tokens& prefix) const {
    std::uint64_t state = 1;
    for (const TokenId token : prefix)
      state = state * 0x9E3779B97F4A7C15ull + static_cast<unsigned>(token) + 7;
    std::vector<float> logits;
    for (int i = 0; i < vocab; ++i) {
      const double x = 4 * philox_uniform(seed, state, static_cast<std::uint64_t>(i));
      logits.push_back(static_cast<float>(coarse ? std::floor(x) : x));
    }
    return logits;
  }
};

struct Rules {
  int width;
  int max_tokens;
  BeamParams params{};
  Tokens ending{};
  Tokens masked{};  // before `min_tokens`
  int min_tokens = 0;
};

struct Found {
  Tokens tokens;
  double logprob, score;
  bool ended;
  bool operator==(const Found&) const = default;
};

std::vector<Found> search(const Language& language, const Rules& rules) {
  BeamSearch search(rules.params, rules.width, rules.max_tokens);
  std::vector<Tokens> live{{}};
  while (!search.over()) {
    std::vector<BeamExpansion> expansions;
    for (const Tokens& prefix : live) {
      const bool early = std::ssize(prefix) < rules.min_tokens;
      expansions.push_back({beam_candidates(language.logits(prefix),
                                            {rules.width, rules.ending, early ? rules.masked : Tokens{}})});
    }
    std::vector<Tokens> next;
    for (const auto& [parent, token] : search.advance(expansions)) {
      next.push_back(live[static_cast<std::size_t>(parent)]);
      next.back().push_back(token);
    }
    live = std::move(next);
  }
  std::vector<Found> found;
  for (const Hypothesis& one : search.best()) {
    found.push_back({{}, one.logprob, one.score, one.ended});
    for (const TokenLogprobs& token : one.tokens) found.back().tokens.push_back(token.chosen.token);
  }
  return found;
}

/// log softmax, as a client is told of it.
std::vector<float> log_softmax(const std::vector<float>& logits) {
  double sum = 0;
  const float max = *std::ranges::max_element(logits);
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - max);
  std::vector<float> result;
  for (const float logit : logits) result.push_back(static_cast<float>(logit - (max + std::log(sum))));
  return result;
}

/// The definition, step by step: every candidate of every beam is written down and sorted; nothing is cut
/// short but by `early_stopping`, and every hypothesis is kept to the end.
std::vector<Found> slow_search(const Language& language, const Rules& rules) {
  struct Entry {
    std::size_t parent;
    float logit;
    Found made;
  };
  const auto has = [](const Tokens& set, TokenId token) {
    return std::ranges::find(set, token) != set.end();
  };
  const auto score = [&](double logprob, int length) {
    return logprob / std::pow(length, rules.params.length_penalty);
  };
  std::vector<Found> live{{{}, 0, 0, false}}, finished;
  for (int length = 1; length <= rules.max_tokens && !live.empty(); ++length) {
    std::vector<Entry> all;
    for (std::size_t parent = 0; parent < live.size(); ++parent) {
      const auto logits = language.logits(live[parent].tokens);
      const auto logprobs = log_softmax(logits);
      for (TokenId token = 0; token < language.vocab; ++token) {
        const auto i = static_cast<std::size_t>(token);
        if (length <= rules.min_tokens && has(rules.masked, token)) continue;
        Found made = live[parent];
        made.tokens.push_back(token);
        made.logprob += logprobs[i];
        made.score = score(made.logprob, length);
        made.ended = has(rules.ending, token);
        all.push_back({parent, logits[i], made});
      }
    }
    std::ranges::stable_sort(all, [](const Entry& a, const Entry& b) {
      if (a.made.logprob != b.made.logprob) return a.made.logprob > b.made.logprob;
      return a.parent != b.parent ? a.parent < b.parent : a.logit > b.logit;
    });
    live.clear();
    for (std::size_t place = 0; place < all.size(); ++place) {
      if (all[place].made.ended) {
        if (place < static_cast<std::size_t>(rules.width)) finished.push_back(all[place].made);
      } else if (live.size() < static_cast<std::size_t>(rules.width)) {
        live.push_back(all[place].made);
      }
    }
    if (length == rules.max_tokens) finished.insert(finished.end(), live.begin(), live.end());
    std::ranges::stable_sort(finished, [](const Found& a, const Found& b) { return a.score > b.score; });
    if (std::ssize(finished) < rules.width || live.empty()) continue;
    const double worst = finished[static_cast<std::size_t>(rules.width) - 1].score;
    if (rules.params.early_stopping == EarlyStopping::kFirst) break;
    if (rules.params.early_stopping == EarlyStopping::kHeuristic && worst >= live[0].score) break;
  }
  if (std::ssize(finished) > rules.width) finished.resize(static_cast<std::size_t>(rules.width));
  return finished;
}

TEST(BeamSearch, EqualsItsDefinitionOverRandomTables) {
  int early = 0, ended = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    auto pick = [&, n = std::uint64_t{0}](int low, int high) mutable {
      return low + static_cast<int>(philox_uniform(seed, 99, n++) * (high - low + 1));
    };
    const Language language{seed, pick(8, 24), pick(0, 1) == 1};
    constexpr double kPenalties[] = {-1, 0, 0.5, 1, 2};
    constexpr EarlyStopping kStops[] = {EarlyStopping::kNever, EarlyStopping::kHeuristic,
                                        EarlyStopping::kFirst};
    Rules rules{.width = pick(1, 5),
                .max_tokens = pick(1, 12),
                .params = {kPenalties[pick(0, 4)], kStops[pick(0, 2)]}};
    for (int i = pick(0, 3); i > 0; --i) rules.ending.push_back(pick(0, language.vocab - 1));
    rules.masked = rules.ending;
    if (pick(0, 2) == 0) rules.min_tokens = pick(1, 4);
    const auto found = search(language, rules);
    ASSERT_EQ(found, slow_search(language, rules));
    ASSERT_EQ(std::ssize(found), rules.width);
    early += std::ssize(found.front().tokens) < rules.max_tokens;
    for (const Found& one : found) ended += one.ended;
  }
  EXPECT_GT(early, 500);
  EXPECT_GT(ended, 1000);
}

/// All that can be said, with its score.
void enumerate(const Language& language, const Rules& rules, const Found& from, std::vector<Found>& out) {
  const auto logprobs = log_softmax(language.logits(from.tokens));
  for (TokenId token = 0; token < language.vocab; ++token) {
    Found next = from;
    next.tokens.push_back(token);
    next.logprob += logprobs[static_cast<std::size_t>(token)];
    next.ended = std::ranges::find(rules.ending, token) != rules.ending.end();
    const int length = static_cast<int>(next.tokens.size());
    next.score = next.logprob / std::pow(length, rules.params.length_penalty);
    if (next.ended || length == rules.max_tokens) {
      out.push_back(next);
    } else {
      enumerate(language, rules, next, out);
    }
  }
}

TEST(BeamSearch, WideEnoughFindsTheBestOfAll) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    const Language language{seed, 4, false};
    const Rules rules{
        .width = 300, .max_tokens = 4, .params = {0.25 * static_cast<double>(seed % 8)}, .ending = {1}};
    std::vector<Found> all;
    enumerate(language, rules, {{}, 0, 0, false}, all);
    std::ranges::sort(all, [](const Found& a, const Found& b) { return a.score > b.score; });
    const auto found = search(language, rules);
    ASSERT_EQ(found.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(found[i].score, all[i].score);
      EXPECT_EQ(found[i].tokens, all[i].tokens);
    }
  }
}

TEST(BeamSearch, OneBeamIsGreedy) {
  const Language language{5, 30, false};
  Tokens greedy;
  for (int i = 0; i < 20; ++i) {
    const auto logits = language.logits(greedy);
    greedy.push_back(static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin()));
  }
  EXPECT_EQ(search(language, {.width = 1, .max_tokens = 20}).at(0).tokens, greedy);
}

/// Two tokens, and 2 ends. Worked out by hand.
TEST(BeamSearch, TheLengthPenaltyChoosesBetweenShortAndLong) {
  const auto expansion = [](std::initializer_list<double> probabilities) {
    std::vector<float> logits;
    for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
    return BeamExpansion{beam_candidates(logits, {2, std::vector<TokenId>{2}, {}})};
  };
  const auto run = [&](double penalty) {
    BeamSearch search({.length_penalty = penalty}, 2, 2);
    auto children = search.advance(std::vector{expansion({0.5, 0.1, 0.4})});
    EXPECT_EQ(children.size(), 2u);
    EXPECT_EQ(children[0].token, 0);
    EXPECT_EQ(children[1].token, 1);
    children = search.advance(std::vector{expansion({0.7, 0.2, 0.1}), expansion({0.5, 0.3, 0.2})});
    EXPECT_TRUE(children.empty());
    return search.best();
  };
  // [2]: log 0.4 = -0.916; [0, 0]: log 0.35 = -1.050, halved with a penalty of 1.
  EXPECT_EQ(run(0).at(0).tokens.size(), 1u);
  EXPECT_NEAR(run(0).at(0).score, std::log(0.4), 1e-6);
  EXPECT_EQ(run(1).at(0).tokens.size(), 2u);
  EXPECT_NEAR(run(1).at(0).score, std::log(0.35) / 2, 1e-6);
  EXPECT_NEAR(run(1).at(0).tokens.at(1).chosen.logprob, std::log(0.7), 1e-6);
}

TEST(BeamSearch, ReportsTheAlternativesOfTheBeamThatItCameFrom) {
  BeamSearch search({}, 2, 1);
  const std::vector<float> logits{0, 1, 2};
  search.advance(std::vector{BeamExpansion{beam_candidates(logits, {2, {}, {}}), {{2, -0.4f, 1}}}});
  const auto best = search.best();
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[1].tokens.at(0).chosen.token, 1);
  EXPECT_EQ(best[1].tokens.at(0).chosen.rank, 2);
  ASSERT_EQ(best[1].tokens.at(0).top.size(), 1u);
  EXPECT_EQ(best[1].tokens.at(0).top[0].token, 2);
}

TEST(BeamCandidates, RanksAreOfTheWholeDistribution) {
  const std::vector<float> logits{3, 1, 2, 5, 4};
  const Tokens ending{3}, masked{4};
  const auto candidates = beam_candidates(logits, {2, ending, masked});
  ASSERT_EQ(candidates.size(), 3u);
  EXPECT_EQ(candidates[0].token.token, 3);
  EXPECT_TRUE(candidates[0].ends);
  EXPECT_EQ(candidates[1].token.token, 0);
  EXPECT_EQ(candidates[1].token.rank, 3) << "the masked token is second";
  EXPECT_EQ(candidates[1].token.logprob, raw_logprobs(logits, 0, 0).chosen.logprob);
  EXPECT_EQ(candidates[2].token.token, 2);
}

TEST(BeamCandidates, BrokenLogitsGiveNone) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(),
                  kInf = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& logits :
       {std::vector{kNaN, kNaN}, std::vector{kNaN, 1.0f}, std::vector{1.0f, kInf}, std::vector{-kInf, -kInf}})
    EXPECT_TRUE(beam_candidates(logits, {2, {}, {}}).empty());
  EXPECT_EQ(beam_candidates(std::vector{-kInf, 1.0f}, {2, {}, {}}).size(), 1u) << "what cannot come is none";
}

TEST(BeamSearch, FewerContinuationsThanBeamsAreFewerHypotheses) {
  BeamSearch search({}, 3, 2);
  const std::vector<float> logits{0, 1};
  const BeamExpansion expansion{beam_candidates(logits, {3, {}, {}})};
  EXPECT_EQ(search.advance(std::vector{expansion}).size(), 2u);
  search.advance(std::vector{expansion, expansion});
  EXPECT_EQ(search.best().size(), 3u);
}

TEST(TokenPaths, ForgetWhatNobodyHolds) {
  TokenPaths paths;
  const auto token = [](TokenId id) { return TokenLogprobs{{id, 0, 1}, {}}; };
  const int a = paths.add(TokenPaths::kRoot, token(1));
  const int b = paths.add(a, token(2)), c = paths.add(a, token(3));
  paths.release(a);
  EXPECT_EQ(paths.size(), 3) << "the children hold it";
  paths.release(b);
  EXPECT_EQ(paths.size(), 2);
  ASSERT_EQ(paths.tokens_of(c).size(), 2u);
  EXPECT_EQ(paths.tokens_of(c)[0].chosen.token, 1);
  EXPECT_EQ(paths.tokens_of(c)[1].chosen.token, 3);
  paths.release(c);
  EXPECT_EQ(paths.size(), 0);
}

TEST(BeamParams, RangesAndSamplingAreChecked) {
  EXPECT_TRUE(validate(BeamParams{}, {}).has_value());
  EXPECT_TRUE(validate(BeamParams{}, {.temperature = 0}).has_value());
  const auto field = [](const BeamParams& params, const SamplingParams& sampling) {
    const auto result = validate(params, sampling);
    return result ? "accepted" : result.error().field;
  };
  EXPECT_EQ(field({.length_penalty = std::nan("")}, {}), "length_penalty");
  EXPECT_EQ(field({.length_penalty = 11}, {}), "length_penalty");
  EXPECT_EQ(field({}, {.temperature = 0.7f}), "temperature");
  EXPECT_EQ(field({}, {.top_k = 5}), "top_k");
  EXPECT_EQ(field({}, {.top_p = 0.9f}), "top_p");
  EXPECT_EQ(field({}, {.min_p = 0.1f}), "min_p");
  EXPECT_EQ(field({}, {.repetition_penalty = 1.1f}), "repetition_penalty");
  EXPECT_EQ(field({}, {.presence_penalty = 1}), "presence_penalty");
  EXPECT_EQ(field({}, {.frequency_penalty = 1}), "frequency_penalty");
  EXPECT_EQ(field({}, {.logit_bias = {{1, 1.0f}}}), "logit_bias");
}

}  // namespace
}  // namespace loci
