// The engine on a real model: the first law (scheduling never changes tokens), the third (everything is given
// back), and what a request may ask for.
#include "engine/engine.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

#include "engine/testing/engine_harness.h"
#include "testing/paths.h"
#include "testing/sanitized.h"
#include "testing/soak.h"

namespace loci {
namespace {

using testing::default_model;
using testing::encode;
using testing::Harness;
using testing::Received;

/// Makes a beam search of it, whose hypotheses end with a space or an article.
void search(Request& request, int beams) {
  request.beams = BeamParams{};
  request.choices = beams;
  request.sampling = {};
  for (const char* end : {" ", " a", " the", ","})
    if (const auto tokens = encode(end); tokens.size() == 1) request.stop_token_ids.push_back(tokens[0]);
}

/// Requests of many shapes: greedy and sampled, short and long, penalties, several choices, log
/// probabilities, beam searches.
std::vector<Request> mixed_requests(int count, unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  const std::string text =
      "Once upon a time there was a king who had three daughters, and the youngest was the fairest of them "
      "all. ";
  std::vector<Request> requests;
  for (int i = 0; i < count; ++i) {
    Request request;
    std::string prompt;
    for (int length = pick(1, 4); length > 0; --length)
      prompt += text.substr(static_cast<std::size_t>(pick(0, 40)));
    request.prompt = encode(prompt.substr(0, static_cast<std::size_t>(pick(3, 160))));
    request.max_tokens = pick(1, 16);
    request.ignore_eos = true;
    request.sampling.temperature = pick(0, 1) == 0 ? 0.0f : 0.9f;
    request.sampling.seed = static_cast<std::uint64_t>(i) + 100;
    if (pick(0, 3) == 0) request.sampling.top_k = 20;
    if (pick(0, 3) == 0) request.sampling.top_p = 0.9f;
    if (pick(0, 3) == 0) request.sampling.min_p = 0.05f;
    if (pick(0, 3) == 0) request.sampling.repetition_penalty = 1.3f;
    if (pick(0, 3) == 0) request.sampling.frequency_penalty = 0.5f;
    if (pick(0, 4) == 0) request.choices = 2;
    if (pick(0, 1) == 0) request.logprobs = 2;
    if (pick(0, 4) == 0) request.prompt_logprobs = 1;
    if (pick(0, 4) == 0) search(request, pick(2, 4));
    requests.push_back(request);
  }
  return requests;
}

void expect_equal(const Received& got, const Received& want) {
  ASSERT_EQ(got.choices.size(), want.choices.size());
  for (const auto& [index, choice] : want.choices) {
    const Received::Choice& other = got.choices.at(index);
    EXPECT_EQ(other.tokens, choice.tokens);
    EXPECT_EQ(other.text, choice.text);
    EXPECT_EQ(other.logprobs, choice.logprobs) << "bit for bit";
    EXPECT_EQ(other.finish, choice.finish);
    ASSERT_EQ(other.prompt_logprobs.size(), choice.prompt_logprobs.size());
    for (std::size_t i = 1; i < choice.prompt_logprobs.size(); ++i)
      EXPECT_EQ(other.prompt_logprobs[i]->chosen.logprob, choice.prompt_logprobs[i]->chosen.logprob);
  }
}

std::vector<Received> run_alone(const std::vector<Request>& requests) {
  std::vector<Received> results;
  for (const Request& request : requests) {
    Harness harness({.max_num_batched_tokens = 1024});
    harness.submit(request);
    harness.run();
    results.push_back(harness.received(0));
  }
  return results;
}

// ---- First law
// ----------------------------------------------------------------------------------------------------------------

class FirstLaw : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    requests_ = new std::vector<Request>(mixed_requests(32, 1));
    alone_ = new std::vector<Received>(run_alone(*requests_));
  }
  static void TearDownTestSuite() {
    delete requests_;
    delete alone_;
  }

  /// All requests together under `config`, arriving `gap` steps apart.
  void check(const EngineConfig& config, int threads = 1, int gap = 0, bool must_preempt = false) {
    Harness harness(config, threads);
    for (const Request& request : *requests_) {
      harness.submit(request);
      for (int i = 0; i < gap; ++i) harness.step();
    }
    harness.run();
    for (std::size_t i = 0; i < requests_->size(); ++i) {
      SCOPED_TRACE(i);
      expect_equal(harness.received(static_cast<int>(i)), (*alone_)[i]);
    }
    if (must_preempt) {
      EXPECT_GT(harness.engine().counters().preemptions, 0u);
    }
  }

  static std::vector<Request>* requests_;
  static std::vector<Received>* alone_;
};
std::vector<Request>* FirstLaw::requests_ = nullptr;
std::vector<Received>* FirstLaw::alone_ = nullptr;

TEST_F(FirstLaw, AnyChunkSizeGivesTheSameTokens) {
  for (const int chunk : {1, 7, 64, 512}) {
    SCOPED_TRACE(chunk);
    check({.max_num_batched_tokens = chunk});
  }
}
TEST_F(FirstLaw, AnyBatchSizeGivesTheSameTokens) {
  for (const int sequences : {1, 2, 5, 16, 32}) {
    SCOPED_TRACE(sequences);
    check({.max_num_seqs = sequences});
  }
}
TEST_F(FirstLaw, JoiningAndLeavingChangesNothing) {
  check({.max_num_seqs = 8, .max_num_batched_tokens = 48}, 1, 3);
}
TEST_F(FirstLaw, ThreadsChangeNothing) {
  check({.max_num_batched_tokens = 96}, 3);
}
TEST_F(FirstLaw, BlockSizeChangesNothing) {
  for (const int block : {1, 5, 32}) {
    SCOPED_TRACE(block);
    check({.max_num_batched_tokens = 64, .block_size = block});
  }
}
TEST_F(FirstLaw, PreemptionChangesNothing) {
  const Model& model = default_model().model();
  EngineConfig config{.max_model_len = 96, .max_num_batched_tokens = 64, .block_size = 4};
  const auto block_bytes = plan_memory(model.spec(), 0, model.main_dtype(), config)->kv.block_bytes();
  config.kv_cache_memory = block_bytes * 26;  // hardly more than one request of full length
  check(config, 1, 1, true);
}

/// What the small pools of the tests below hold.
EngineConfig small_pool(int blocks, int host_blocks, int block_size) {
  EngineConfig config{.max_model_len = 96, .max_num_batched_tokens = 64, .block_size = block_size};
  const Model& model = default_model().model();
  const auto bytes = plan_memory(model.spec(), 0, model.main_dtype(), config)->kv.block_bytes();
  config.kv_cache_memory = bytes * static_cast<std::size_t>(blocks);
  config.swap_space = bytes * static_cast<std::size_t>(host_blocks);
  return config;
}

TEST_F(FirstLaw, SwappingChangesNothing) {
  EngineConfig config = small_pool(26, 200, 4);
  config.preemption_mode = "swap";
  Harness harness(config);
  for (const Request& request : *requests_) harness.submit(request);
  harness.run();
  for (std::size_t i = 0; i < requests_->size(); ++i)
    expect_equal(harness.received(static_cast<int>(i)), (*alone_)[i]);
  EXPECT_GT(harness.engine().counters().swaps, 0u);
  EXPECT_GT(
      harness.engine().memory().stats().host_hit_tokens + harness.engine().memory().stats().promoted_blocks,
      0u);
}

TEST_F(FirstLaw, WhatIsFoundInMemoryChangesNothing) {
  Harness harness({.max_num_batched_tokens = 64, .block_size = 4});
  for (int round = 0; round < 2; ++round) {
    std::vector<int> numbers;
    for (const Request& request : *requests_) numbers.push_back(harness.submit(request));
    harness.run();
    for (std::size_t i = 0; i < requests_->size(); ++i)
      expect_equal(harness.received(numbers[i]), (*alone_)[i]);
  }
  EXPECT_GT(harness.engine().memory().stats().hit_tokens, 500u);
  EXPECT_GT(harness.engine().counters().forks, 0u) << "choices share their prompt";
}

/// Chaos on the real model: any policies, pools, chunks, cancellations.
TEST_F(FirstLaw, NoConfigurationChangesAToken) {
  std::uint64_t preemptions = 0, found = 0;
  for (int seed = 0, seeds = testing::rounds(testing::kSanitized ? 30 : 200, 20000); seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const auto any = [&](auto table) {
      return std::string(table[static_cast<std::size_t>(pick(0, static_cast<int>(table.size()) - 1))].name);
    };
    const int block = pick(1, 20);
    EngineConfig config = small_pool(96 / block + pick(1, 8), pick(0, 1) * pick(1, 60), block);
    config.max_num_seqs = pick(1, 8);
    config.max_num_batched_tokens = pick(8, 200);
    config.prefix_caching = pick(0, 2) > 0;
    config.scheduling_policy = any(order_policies());
    config.chunk_policy = any(chunk_policies());
    config.admission_policy = pick(0, 2) ? "max-utilization" : any(admit_policies());
    config.preemption_policy = any(preempt_policies());
    config.preemption_mode = pick(0, 1) ? "swap" : "auto";
    config.eviction_policy = any(evict_policies());
    Harness harness(config);
    std::vector<std::size_t> which;
    for (int i = pick(2, 6); i > 0; --i) {
      which.push_back(static_cast<std::size_t>(pick(0, static_cast<int>(requests_->size()) - 1)));
      harness.submit((*requests_)[which.back()]);
      for (int gap = pick(0, 3); gap > 0; --gap) harness.step();
    }
    const int cancelled = pick(0, 9);
    if (cancelled < static_cast<int>(which.size())) harness.cancel(RequestId(cancelled));
    harness.run();
    for (std::size_t i = 0; i < which.size(); ++i)
      if (static_cast<int>(i) != cancelled)
        expect_equal(harness.received(static_cast<int>(i)), (*alone_)[which[i]]);
    preemptions += harness.engine().counters().preemptions;
    found += harness.engine().memory().stats().hit_tokens;
    if (HasFailure()) return;
  }
  EXPECT_GT(preemptions, 10u);
  EXPECT_GT(found, 100u);
}

/// Every type of keys and values, with either arithmetic of attention.
struct KvCase {
  DType dtype;
  kernels::Isa isa;
};
class FirstLawOfKv : public ::testing::TestWithParam<KvCase> {};

TEST_P(FirstLawOfKv, BatchesChunksThreadsBlocksAndPreemptionChangeNothing) {
  const std::vector<Request> requests = mixed_requests(8, 2);
  if (kernels::ops_for(GetParam().isa) == nullptr) GTEST_SKIP() << "this processor lacks the instructions";
  const auto run = [&](EngineConfig config, int threads) {
    config.kv_cache_dtype = GetParam().dtype;
    Harness harness(config, threads, GetParam().isa);
    for (const Request& request : requests) harness.submit(request);
    harness.run();
    return std::pair{harness.received(0), harness.received(5)};
  };
  const auto expected = run({.max_num_seqs = 1, .max_num_batched_tokens = 1024}, 1);
  const auto check = [&](const EngineConfig& config, int threads) {
    const auto [first, second] = run(config, threads);
    expect_equal(first, expected.first);
    expect_equal(second, expected.second);
  };
  check({}, 3);
  check({.max_num_batched_tokens = 13, .block_size = 5}, 2);
  EngineConfig small{.max_model_len = 96, .max_num_batched_tokens = 64, .block_size = 4};
  small.kv_cache_dtype = GetParam().dtype;
  const Model& model = default_model().model();
  small.kv_cache_memory = plan_memory(model.spec(), 0, model.main_dtype(), small)->kv.block_bytes() * 26;
  check(small, 1);
}

INSTANTIATE_TEST_SUITE_P(KvTypes, FirstLawOfKv,
                         ::testing::Values(KvCase{DType::kF32, kernels::best_isa()},
                                           KvCase{DType::kF16, kernels::best_isa()},
                                           KvCase{DType::kBF16, kernels::best_isa()},
                                           KvCase{DType::kI8, kernels::best_isa()},
                                           KvCase{DType::kF8_E4M3, kernels::best_isa()},
                                           KvCase{DType::kBF16, kernels::Isa::kAvx512},
                                           KvCase{DType::kBF16, kernels::Isa::kAvx512Bf16},
                                           KvCase{DType::kI8, kernels::Isa::kAvx512Bf16},
                                           KvCase{DType::kF8_E4M3, kernels::Isa::kAvx512Bf16}),
                         [](const auto& type) {
                           const kernels::OpTable* ops = kernels::ops_for(type.param.isa);
                           return std::string(traits(type.param.dtype).name) + (ops ? ops->name : "absent") +
                                  std::to_string(type.index);
                         });

// ---- What a request may ask for
// -------------------------------------------------------------------------------------------------

Received complete(const Request& request) {
  Harness harness({});
  harness.submit(request);
  harness.run();
  return harness.received(0);
}

Request greedy(std::string_view prompt, int max_tokens) {
  Request request;
  request.prompt = encode(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  request.ignore_eos = true;
  return request;
}

TEST(Engine, LengthEndsAtMaxTokens) {
  const Received received = complete(greedy("The old man", 12));
  EXPECT_EQ(received.choices.at(0).tokens.size(), 12u);
  EXPECT_EQ(received.choices.at(0).finish, FinishReason::kLength);
  EXPECT_EQ(received.usage.completion_tokens, 12);
  EXPECT_EQ(received.usage.prompt_tokens, static_cast<int>(encode("The old man").size()));
  EXPECT_FALSE(received.choices.at(0).text.empty());
}

TEST(Engine, StopStringEndsTheTextBeforeIt) {
  const std::string text = complete(greedy("The old man", 24)).choices.at(0).text;
  const std::string stop = text.substr(text.size() / 2, 5);
  Request request = greedy("The old man", 24);
  request.stop = {"never in this text", stop};
  const Received stopped = complete(request);
  EXPECT_EQ(stopped.choices.at(0).text, text.substr(0, text.find(stop)));
  EXPECT_EQ(stopped.choices.at(0).finish, FinishReason::kStop);
  EXPECT_EQ(std::get<std::string>(stopped.choices.at(0).stop_reason), stop);
  request.include_stop_in_output = true;
  EXPECT_EQ(complete(request).choices.at(0).text, text.substr(0, text.find(stop) + stop.size()));
  request.min_tokens = 24;
  EXPECT_EQ(complete(request).choices.at(0).text, text) << "stop strings do not count before min_tokens";
}

TEST(Engine, StopTokenEndsAndStaysOutOfTheText) {
  const Received whole = complete(greedy("The old man", 16));
  const TokenId stop = whole.choices.at(0).tokens[6];
  Request request = greedy("The old man", 16);
  request.stop_token_ids = {stop};
  const Received stopped = complete(request);
  EXPECT_LE(stopped.choices.at(0).tokens.size(), 7u);
  EXPECT_EQ(stopped.choices.at(0).tokens.back(), stop);
  EXPECT_EQ(std::get<TokenId>(stopped.choices.at(0).stop_reason), stop);
  EXPECT_TRUE(whole.choices.at(0).text.starts_with(stopped.choices.at(0).text));
  request.min_tokens = 12;
  const Received late = complete(request);
  EXPECT_GE(late.choices.at(0).tokens.size(), 12u) << "stop tokens are masked before min_tokens";
}

TEST(Engine, EndOfSequenceEndsUnlessIgnored) {
  Request request = greedy("The old man", 8);
  request.ignore_eos = false;
  request.sampling.logit_bias = {{default_model().end_tokens().front(), 100.0f}};
  const Received ended = complete(request);
  EXPECT_EQ(ended.choices.at(0).tokens.size(), 1u);
  EXPECT_EQ(ended.choices.at(0).finish, FinishReason::kStop);
  EXPECT_TRUE(ended.choices.at(0).text.empty());
  request.min_tokens = 3;
  EXPECT_EQ(complete(request).choices.at(0).tokens.size(), 4u);
  request.ignore_eos = true;
  request.min_tokens = 0;
  EXPECT_EQ(complete(request).choices.at(0).tokens.size(), 8u);
}

TEST(Engine, PromptLogprobsAreThoseOfGeneratingThePrompt) {
  Request request = greedy("The old man", 10);
  request.logprobs = 0;
  const Received generated = complete(request);
  Request echo = greedy("The old man", 0);
  const std::size_t prompt = echo.prompt.size();
  echo.prompt.insert(echo.prompt.end(), generated.choices.at(0).tokens.begin(),
                     generated.choices.at(0).tokens.end());
  echo.prompt_logprobs = 3;
  const Received echoed = complete(echo);
  const auto& logprobs = echoed.choices.at(0).prompt_logprobs;
  ASSERT_EQ(logprobs.size(), echo.prompt.size());
  EXPECT_FALSE(logprobs[0].has_value());
  for (std::size_t i = prompt; i < logprobs.size(); ++i) {
    EXPECT_EQ(logprobs[i]->chosen.logprob, generated.choices.at(0).logprobs[i - prompt]);
    EXPECT_EQ(logprobs[i]->chosen.rank, 1);
    EXPECT_EQ(logprobs[i]->top.size(), 3u);
  }
  EXPECT_EQ(echoed.choices.at(0).finish, FinishReason::kLength);
  EXPECT_EQ(echoed.usage.completion_tokens, 0);
}

TEST(Engine, ChoicesDifferAndTheirFirstIsTheOneAlone) {
  Request request = greedy("The old man", 12);
  request.sampling.temperature = 1;
  request.sampling.seed = 5;
  const Received one = complete(request);
  request.choices = 4;
  const Received four = complete(request);
  ASSERT_EQ(four.choices.size(), 4u);
  EXPECT_EQ(four.choices.at(0).tokens, one.choices.at(0).tokens);
  EXPECT_NE(four.choices.at(1).tokens, four.choices.at(0).tokens);
  EXPECT_EQ(four.usage.completion_tokens, 48);
}

TEST(Engine, CancelFreesEverythingWithinOneStep) {
  Harness harness({.max_num_seqs = 2});
  for (int i = 0; i < 4; ++i) harness.submit(greedy("The old man and the sea", 50));
  for (int i = 0; i < 5; ++i) harness.step();
  for (int i = 0; i < 4; ++i) harness.cancel(RequestId(i));
  harness.step();
  EXPECT_TRUE(harness.engine().idle());
  EXPECT_EQ(harness.engine().blocks().used(), 0);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(harness.received(i).last_events, 1);
    EXPECT_EQ(harness.received(i).choices.at(0).finish, FinishReason::kAbort);
  }
  harness.cancel(RequestId(0));
  harness.cancel(RequestId(77));
}

TEST(Engine, TheWholeContextCanBeUsed) {
  Harness harness({.max_model_len = 40, .max_num_batched_tokens = 16});
  Request request = greedy("The old man", 0);
  request.max_tokens = 40 - static_cast<int>(request.prompt.size());
  harness.submit(request);
  harness.run();
  EXPECT_EQ(static_cast<int>(harness.received(0).choices.at(0).tokens.size()), request.max_tokens);
}

TEST(Engine, RandomCancellationsLeaveNothingBehind) {
  for (int seed = 0, seeds = testing::rounds(1, 2000); seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(static_cast<unsigned>(seed) + 3);
    Harness harness({.max_model_len = 128, .max_num_seqs = 6, .max_num_batched_tokens = 40, .block_size = 8});
    const std::vector<Request> requests = mixed_requests(60, static_cast<unsigned>(seed) + 9);
    int submitted = 0;
    while (submitted < 60 || !harness.engine().idle()) {
      if (submitted < 60 && random() % 2 == 0)
        harness.submit(requests[static_cast<std::size_t>(submitted++)]);
      if (submitted > 0 && random() % 5 == 0)
        harness.cancel(RequestId(random() % static_cast<unsigned>(submitted)));
      harness.step();
    }
    harness.run();
    if (HasFatalFailure()) return;
  }
}

// ---- The embedded model
// -------------------------------------------------------------------------------------------------------------

TEST(EmbeddedModel, GreedyTokensEqualItsGolden) {
  const auto path = testing::repository() / "models/loci-tiny-golden.json";
  const json::value golden = parse_json(*read_text_file(path, 1 << 20)).value();
  int compared = 0;
  for (const json::value& entry : golden.at("cases").as_array()) {
    const auto ids = [&](const char* key) { return json::value_to<std::vector<TokenId>>(entry.at(key)); };
    Request request = greedy("", 0);
    request.prompt = ids("prompt_tokens");
    request.max_tokens = static_cast<int>(ids("greedy_tokens").size());
    EXPECT_EQ(complete(request).choices.at(0).tokens, ids("greedy_tokens"));
    const auto& prompt = entry.at("prompt").as_string();
    EXPECT_EQ(
        default_model().tokenizer().encode({prompt.data(), prompt.size()}, {.add_special_tokens = false}),
        request.prompt);
    ++compared;
  }
  EXPECT_GE(compared, 2);
}

TEST(EmbeddedModel, BringsItsSamplingDefaults) {
  EXPECT_FLOAT_EQ(default_model().defaults().temperature.value_or(0), 0.7f);
  EXPECT_FLOAT_EQ(default_model().defaults().top_p.value_or(0), 0.9f);
  const auto plain = LoadedModel::load(
      {},
      {.chat_template = {}, .dtype = {}, .generation_config = GenerationConfigSource::kVllm, .threads = 1});
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->defaults(), GenerationDefaults{});
}

TEST(EmbeddedModel, EndsATurnAndAText) {
  const Tokenizer& tokenizer = default_model().tokenizer();
  for (const char* piece : {"<|im_end|>", "<|endoftext|>"})
    EXPECT_NE(std::ranges::find(default_model().end_tokens(), *tokenizer.find(piece)),
              default_model().end_tokens().end())
        << piece;
}

// ---- Refusals
// ---------------------------------------------------------------------------------------------------------------------

TEST(EngineValidate, NamesTheFieldAndBothNumbers) {
  const EngineLimits limits{100, {4, 64, 4}, 10, 16};
  const auto refused = [&](auto&& change) {
    Request request;
    request.prompt = {1, 2, 3};
    request.max_tokens = 10;
    change(request);
    const auto result = validate(request, limits, 50);
    return result ? Error{ErrorCode::kInvalidArgument, "", "accepted"} : result.error();
  };
  EXPECT_EQ(refused([](Request&) {}).field, "accepted");
  EXPECT_EQ(refused([](Request& r) { r.prompt.clear(); }).field, "prompt");
  EXPECT_EQ(refused([](Request& r) { r.prompt[1] = 50; }).field, "prompt");
  EXPECT_EQ(refused([](Request& r) { r.prompt[1] = -1; }).field, "prompt");
  EXPECT_EQ(refused([](Request& r) { r.max_tokens = -1; }).field, "max_tokens");
  EXPECT_EQ(refused([](Request& r) { r.min_tokens = 11; }).field, "min_tokens");
  EXPECT_EQ(refused([](Request& r) { r.choices = 0; }).field, "n");
  EXPECT_EQ(refused([](Request& r) { r.stop_token_ids = {50}; }).field, "stop_token_ids");
  EXPECT_EQ(refused([](Request& r) { r.sampling.top_p = 2; }).field, "top_p");
  const auto refused_search = [&](auto&& change) {
    return refused([&](Request& r) {
             r.beams = BeamParams{};
             change(r);
           })
        .field;
  };
  EXPECT_EQ(refused_search([](Request&) {}), "accepted");
  EXPECT_EQ(refused_search([](Request& r) { r.beams->length_penalty = 11; }), "length_penalty");
  EXPECT_EQ(refused_search([](Request& r) { r.sampling.temperature = 0.5f; }), "temperature");
  EXPECT_EQ(refused_search([](Request& r) { r.stop = {"x"}; }), "stop");
  EXPECT_EQ(refused_search([](Request& r) { r.max_tokens = 0; }), "max_tokens");
  EXPECT_EQ(refused_search([](Request& r) { r.choices = 50; }), "n");
  const Error too_long = refused([](Request& r) { r.max_tokens = 98; });
  EXPECT_EQ(too_long.field, "max_tokens");
  EXPECT_NE(too_long.message.find("101"), std::string::npos);
  EXPECT_NE(too_long.message.find("100"), std::string::npos);
  EXPECT_EQ(refused([](Request& r) { r.prompt.assign(100, 1); }).field, "prompt");
  EXPECT_EQ(refused([](Request& r) { r.max_tokens = 2147483647; }).field, "max_tokens");
}

TEST(EngineParts, HaveTheOperatorsGoals) {
  EngineConfig config{.inter_token_ms = 20, .lpm_group = 3, .patience = 5, .ageing = 7, .step_tokens = 96};
  const Model& model = default_model().model();
  const MemoryPlan plan = plan_memory(model.spec(), 0, model.main_dtype(), config).value();
  const auto executor = LocalExecutor::create(model, {plan.kv, plan.kv_blocks, plan.workspace, 1,
                                                      kernels::ops_for(kernels::Isa::kReference), 0})
                            .value();
  const SchedulingGoals goals = engine_parts(default_model(), plan, config, *executor)->goals;
  EXPECT_EQ(goals.inter_token, std::chrono::milliseconds(20));
  EXPECT_EQ(goals.lpm_group, 3);
  EXPECT_EQ(goals.ageing, 7);
  EXPECT_EQ(goals.patience, 5);
  EXPECT_EQ(goals.step_tokens, 96);
  config.scheduling_policy = "random";
  EXPECT_FALSE(engine_parts(default_model(), plan, config, *executor).has_value());
}

TEST(MemoryPlan, FitsTheContextToTheMemoryOrSaysWhy) {
  const ModelSpec& spec = default_model().model().spec();
  const auto plan = [&](EngineConfig config) { return plan_memory(spec, 0, DType::kQ8_0, config); };
  EXPECT_EQ(plan({})->max_model_len, spec.context_length);
  const bool bf16 = kernels::ops_for(kernels::best_isa())->bf16_dots;
  EXPECT_EQ(plan({})->kv.dtype, bf16 ? DType::kBF16 : DType::kF16);
  EXPECT_GE(plan({})->kv_tokens(), spec.context_length * 64)
      << "by default every sequence has room for the whole context";
  EXPECT_LT(plan({.kv_cache_memory = 1 << 20})->max_model_len, spec.context_length);
  EXPECT_LE(plan({.kv_cache_memory = 1 << 20})->kv_bytes(), 1u << 20);
  EXPECT_FALSE(plan({.max_model_len = spec.context_length, .kv_cache_memory = 1 << 20}).has_value());
  EXPECT_FALSE(plan({.kv_cache_memory = 1}).has_value());
  EXPECT_FALSE(plan({.max_model_len = spec.context_length + 1}).has_value());
  EXPECT_FALSE(plan({.max_num_seqs = 0}).has_value());
  EXPECT_FALSE(plan({.block_size = 0}).has_value());
  EXPECT_FALSE(plan({.kv_cache_dtype = DType::kQ8_0}).has_value());
  EXPECT_FALSE(plan({.kv_cache_dtype = DType::kI32}).has_value());
}

TEST(MemoryPlan, CountsTheBytesOfEveryKvType) {
  const ModelSpec& spec = default_model().model().spec();
  std::size_t numbers = 0, heads = 0;  // of a token: keys and values
  for (const LayerSpec& layer : spec.layers) {
    heads += 2 * static_cast<std::size_t>(layer.attention.kv_heads);
    numbers += 2 * static_cast<std::size_t>(layer.attention.kv_features());
  }
  const auto token_bytes = [&](DType dtype) {
    return plan_memory(spec, 0, DType::kQ8_0, {.kv_cache_dtype = dtype})->kv.token_bytes();
  };
  EXPECT_EQ(token_bytes(DType::kF32), 4 * numbers);
  EXPECT_EQ(token_bytes(DType::kF16), 2 * numbers);
  EXPECT_EQ(token_bytes(DType::kBF16), 2 * numbers);
  EXPECT_EQ(token_bytes(DType::kI8), numbers + 4 * heads) << "and a scale";
  EXPECT_EQ(token_bytes(DType::kF8_E4M3), numbers + 4 * heads);
}

}  // namespace
}  // namespace loci
