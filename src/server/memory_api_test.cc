// What clients and operators see of memory and scheduling: cached tokens, whose they are, where the time of a
// request went, the check of what is held, the events of the cache. The real engine, loopback sockets.
#include <gtest/gtest.h>

#include "server/testing/live_server.h"

namespace loci {
namespace {

using testing::LiveServer;
using testing::LoopbackClient;
using testing::named_sse_events;
using testing::parsed;

constexpr int kBlock = 16;

EngineConfig small_engine(int kv_events = 0) {
  return {.max_model_len = 256, .max_num_seqs = 4, .block_size = kBlock, .kv_events = kv_events};
}

/// A prompt of 50 tokens: three whole blocks and a bit. `first` tells one from another.
std::string prompt(int first) {
  std::string tokens = "[" + std::to_string(first);
  for (int i = 1; i < 50; ++i) tokens += "," + std::to_string(i);
  return tokens + "]";
}

std::string completion(int first, const std::string& more = "") {
  return R"({"prompt": )" + prompt(first) + R"(, "max_tokens": 2, "ignore_eos": true)" + more + "}";
}

std::int64_t cached(const HttpResponse& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  return parsed(response.body).at("usage").at("prompt_tokens_details").at("cached_tokens").as_int64();
}

std::string key(const char* text) {
  return std::string("Authorization: Bearer ") + text + "\r\n";
}

std::string status_of_memory(LiveServer& server) {
  const HttpResponse response = server.get("/v1/fsck");
  EXPECT_EQ(response.status, 200) << response.body;
  return std::string(parsed(response.body).at("status").as_string());
}

// ---- service tiers

TEST(ServiceTier, IsToldWhereItWasAskedFor) {
  LiveServer server({}, {}, small_engine());
  const auto told = [&](const char* path, const std::string& more) {
    const std::string body =
        R"({"messages": [{"role": "user", "content": "The king"}], "max_tokens": 2)" + more + "}";
    const HttpResponse response = server.post(path, body);
    EXPECT_EQ(response.status, 200) << response.body;
    const json::value answer = parsed(response.body);
    const json::value* tier = answer.as_object().if_contains("service_tier");
    return tier == nullptr ? std::string("none") : std::string(tier->as_string());
  };
  constexpr const char* kChats = "/v1/chat/completions";
  EXPECT_EQ(told(kChats, ""), "none");
  EXPECT_EQ(told(kChats, R"(, "service_tier": "flex")"), "flex");
  for (const char* tier : {"auto", "default", "priority"})
    EXPECT_EQ(told(kChats, fmt::format(R"(, "service_tier": "{}")", tier)), "default") << tier;
  const std::string stream =
      server
          .post(kChats,
                R"({"messages": [{"role": "user", "content": "The king"}], "max_tokens": 2, "stream": true,
                    "service_tier": "flex"})")
          .body;
  EXPECT_NE(stream.find(R"("service_tier":"flex","choices")"), std::string::npos) << stream;
  const HttpResponse response = server.post(
      "/v1/responses", R"({"input": "The king", "max_output_tokens": 2, "service_tier": "flex"})");
  EXPECT_EQ(parsed(response.body).at("service_tier").as_string(), "flex") << response.body;
}

// ---- cached tokens

TEST(PrefixCache, EveryApiSaysHowManyTokensWereCached) {
  LiveServer server({}, {}, small_engine());
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60))), 0);
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60))), 3 * kBlock);
  EXPECT_EQ(cached(server.post("/v1/completions", completion(61))), 0);

  const std::string text =
      "The king and the queen walked in the garden of the old house and sang a song to the moon";
  const std::string chat =
      R"({"messages": [{"role": "user", "content": ")" + text + R"("}], "max_tokens": 2})";
  EXPECT_EQ(cached(server.post("/v1/chat/completions", chat)), 0);
  const std::int64_t found = cached(server.post("/v1/chat/completions", chat));
  EXPECT_GE(found, kBlock);
  EXPECT_EQ(found % kBlock, 0);
  const auto usage = [&](const char* path, const std::string& body) {
    const HttpResponse response = server.post(path, body);
    EXPECT_EQ(response.status, 200) << response.body;
    return parsed(response.body).at("usage");
  };
  const std::string input = R"({"input": ")" + text + R"(", "max_output_tokens": 2})";
  EXPECT_EQ(usage("/v1/responses", input).at("input_tokens_details").at("cached_tokens").as_int64(), found)
      << "the same prompt by another API";
  const json::value messages = usage("/v1/messages", chat);
  EXPECT_EQ(messages.at("cache_read_input_tokens").as_int64(), found);
  EXPECT_GT(messages.at("input_tokens").as_int64(), 0);

  EXPECT_NE(server.get("/metrics")
                .body.find(fmt::format("vllm:prefix_cache_hits_total{{model_name=\"{}\"}} {}",
                                       server.model().name(), 3 * kBlock + 3 * found)),
            std::string::npos);
}

TEST(PrefixCache, ASaltAndAResetHideIt) {
  LiveServer server({}, {}, small_engine());
  server.post("/v1/completions", completion(60));
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60, R"(, "cache_salt": "a")"))), 0);
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60, R"(, "cache_salt": "a")"))), 3 * kBlock);
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60, R"(, "cache_salt": "b")"))), 0);
  EXPECT_EQ(server.post("/reset_prefix_cache", "").status, 200);
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60))), 0);
  EXPECT_EQ(status_of_memory(server), "clean");
}

TEST(PrefixCache, ARequestMayStayOutOfIt) {
  LiveServer server({}, {}, small_engine());
  constexpr const char* kOutside = R"(, "cache_prompt": false)";
  server.post("/v1/completions", completion(60, kOutside));
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60))), 0) << "it left nothing behind";
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60, kOutside))), 0) << "it finds nothing";
  EXPECT_EQ(cached(server.post("/v1/completions", completion(60))), 3 * kBlock);
  EXPECT_EQ(status_of_memory(server), "clean");
}

TEST(PrefixCache, TwoKeysNeverShareAndOneDoes) {
  LiveServer server({}, {.api_keys = {"k1", "k2"}, .tenants = {{"shop", {"s1", "s2"}}}}, small_engine());
  const auto hit = [&](const char* with) {
    return cached(server.post("/v1/completions", completion(60), key(with)));
  };
  EXPECT_EQ(hit("k1"), 0);
  EXPECT_EQ(hit("k1"), 3 * kBlock);
  EXPECT_EQ(hit("k2"), 0);
  EXPECT_EQ(hit("s1"), 0);
  EXPECT_EQ(hit("s2"), 3 * kBlock) << "a tenant's keys are one principal";
  EXPECT_EQ(hit("k2"), 3 * kBlock);
  const std::string metrics = server.get("/metrics", key("k1")).body;
  for (const char* tenant : {"tenant=\"key-1\"", "tenant=\"key-2\"", "tenant=\"shop\""})
    EXPECT_NE(metrics.find(tenant), std::string::npos) << tenant;
  EXPECT_EQ(metrics.find("s1\""), std::string::npos) << "no key is told";
}

// ---- who may ask what

TEST(Tenants, WhatTellsOfOthersIsTheOperators) {
  LiveServer server({}, {.api_keys = {"k1"}, .tenants = {{"ops", {"o"}, true}}}, small_engine(16));
  for (const char* path : {"/v1/fsck", "/v1/kv/events"}) {
    EXPECT_EQ(server.get(path, key("k1")).status, 403) << path;
    EXPECT_EQ(server.get(path, key("o")).status, 200) << path;
    EXPECT_EQ(server.get(path).status, 401) << path;
  }
  EXPECT_EQ(server.post("/reset_prefix_cache", "", key("k1")).status, 403);
  EXPECT_EQ(server.post("/reset_prefix_cache", "", key("o")).status, 200);
}

// ---- /v1/requests/{id}

json::object account(LiveServer& server, const std::string& id) {
  const HttpResponse response = server.get("/v1/requests/" + id);
  EXPECT_EQ(response.status, 200) << response.body;
  return response.status == 200 ? parsed(response.body) : json::object{};
}

TEST(Account, SaysWhereTheTimeWent) {
  LiveServer server({}, {}, small_engine());
  server.post("/v1/completions", completion(60));
  const HttpResponse answer = server.post(
      "/v1/completions", completion(60, R"(, "max_tokens": 20, "priority": 3)"), "X-Request-Id: my-1\r\n");
  EXPECT_EQ(*find_header(answer.headers, "X-Request-Id"), "my-1");
  EXPECT_EQ(parsed(answer.body).at("id").as_string(), "cmpl-my-1");
  ASSERT_TRUE(server.becomes_idle());
  const json::object whole = account(server, "my-1");
  const json::object one = whole.at("requests").as_array().at(0).as_object();
  EXPECT_EQ(account(server, "cmpl-my-1").at("requests"), whole.at("requests"));
  EXPECT_EQ(one.at("status").as_string(), "finished");
  EXPECT_EQ(one.at("finish_reason").as_string(), "length");
  EXPECT_EQ(one.at("priority").as_int64(), 3);
  EXPECT_EQ(one.at("cached_tokens").as_int64(), 3 * kBlock);
  EXPECT_EQ(one.at("prompt_tokens").as_int64(), 50);
  EXPECT_EQ(one.at("completion_tokens").as_int64(), 20);
  double sum = 0;
  for (const auto& phase : one.at("phases_seconds").as_object()) sum += phase.value().as_double();
  const double latency = one.at("latency_seconds").as_double();
  EXPECT_NEAR(sum, latency, 0.01 * latency);
  EXPECT_GT(one.at("phases_seconds").at("decode").as_double(), 0);
  EXPECT_LE(one.at("time_to_first_token_seconds").as_double(), latency);
}

TEST(Account, IsOfThoseThatRunToo) {
  LiveServer server({}, {}, small_engine());
  LoopbackClient client = server.client();
  client.post("/v1/chat/completions",
              R"({"messages": [{"role": "user", "content": "Hi"}], "ignore_eos": true, "stream": true})",
              "X-Request-Id: runs\r\n");
  client.read_head();
  client.read_chunk();
  ASSERT_TRUE(server.becomes([](const EngineStats& stats) { return stats.counters.generation_tokens > 0; }));
  const json::object one = account(server, "chatcmpl-runs").at("requests").as_array().at(0).as_object();
  EXPECT_GT(one.at("latency_seconds").as_double(), 0);
}

TEST(Account, TheBodyMayNameTheRequestAndTheHeaderWins) {
  LiveServer server({}, {}, small_engine());
  const HttpResponse by_body = server.post("/v1/completions", completion(60, R"(, "request_id": "b1")"));
  EXPECT_EQ(*find_header(by_body.headers, "X-Request-Id"), "b1");
  EXPECT_EQ(parsed(by_body.body).at("id").as_string(), "cmpl-b1");
  const HttpResponse by_header =
      server.post("/v1/completions", completion(60, R"(, "request_id": "b2")"), "X-Request-Id: h2\r\n");
  EXPECT_EQ(*find_header(by_header.headers, "X-Request-Id"), "h2");
  const HttpResponse refused = server.post("/v1/completions", "{", "X-Request-Id: bad-body\r\n");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(*find_header(refused.headers, "X-Request-Id"), "bad-body");
  ASSERT_TRUE(server.becomes_idle());
  account(server, "b1");
  account(server, "h2");
  for (const char* unknown : {"b2", "bad-body", "nobody"})
    EXPECT_EQ(server.get(std::string("/v1/requests/") + unknown).status, 404) << unknown;
}

TEST(Account, IsTheTenantsAlone) {
  LiveServer server({}, {.api_keys = {"k1", "k2"}}, small_engine());
  const std::string id = "X-Request-Id: mine\r\n";
  EXPECT_EQ(server.post("/v1/completions", completion(60), key("k1") + id).status, 200);
  ASSERT_TRUE(server.becomes_idle());
  EXPECT_EQ(server.get("/v1/requests/mine", key("k1")).status, 200);
  EXPECT_EQ(server.get("/v1/requests/mine", key("k2")).status, 404);
}

// ---- fsck

TEST(Fsck, CountsWhatIsThere) {
  LiveServer server({}, {}, small_engine(64));
  server.post("/v1/completions", completion(60));
  ASSERT_TRUE(server.becomes_idle());
  const json::object report = parsed(server.get("/v1/fsck").body);
  EXPECT_EQ(report.at("status").as_string(), "clean");
  EXPECT_TRUE(report.at("fault").is_null());
  const json::object& blocks = report.at("blocks").as_object();
  EXPECT_EQ(blocks.at("cached").as_int64(), 3);
  EXPECT_EQ(blocks.at("held").as_int64(), 0);
  EXPECT_EQ(blocks.at("free").as_int64() + 3, blocks.at("total").as_int64());
  EXPECT_EQ(report.at("requests").as_int64(), 0);
  EXPECT_EQ(report.at("kv_events").as_int64(), 3);
}

TEST(Fsck, TellsOfABlockThatNobodyAccountsFor) {
  LiveServer server({}, {}, small_engine());
  std::unique_ptr<BlockTable> leak;
  const auto between_steps = [&](std::function<void(Engine&)> change) {
    std::atomic<bool> done = false;
    ASSERT_TRUE(server.engine().ask([&](Engine& engine, Time) {
      change(engine);
      done = true;
      done.notify_all();
    }));
    done.wait(false);
  };
  between_steps([&](Engine& engine) {
    leak = std::make_unique<BlockTable>(engine.memory());
    ASSERT_TRUE(engine.memory().grow(*leak, 1, {}));
  });
  const json::object report = parsed(server.get("/v1/fsck").body);
  EXPECT_EQ(report.at("status").as_string(), "damaged");
  EXPECT_FALSE(report.at("fault").as_string().empty());
  between_steps([&](Engine& engine) { engine.memory().release(*leak, {}); });
  EXPECT_EQ(status_of_memory(server), "clean");
}

// ---- /v1/kv/events

TEST(KvEvents, TellWhatTheCacheHolds) {
  LiveServer server({}, {}, small_engine(64));
  server.post("/v1/completions", completion(60));
  ASSERT_TRUE(server.becomes_idle());
  const json::object list = parsed(server.get("/v1/kv/events").body);
  const json::array& events = list.at("data").as_array();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(list.at("last").as_int64(), 3);
  EXPECT_EQ(events[0].at("type").as_string(), "BlockStored");
  EXPECT_TRUE(events[0].at("parent_block_hash").is_null());
  EXPECT_EQ(events[1].at("parent_block_hash"), events[0].at("block_hashes").as_array().at(0));
  EXPECT_EQ(events[0].at("block_hashes").as_array().at(0).as_string().size(), 32u);
  EXPECT_EQ(events[0].at("block_size").as_int64(), kBlock);
  EXPECT_EQ(events[0].at("token_ids").as_array().size(), static_cast<std::size_t>(kBlock));
  EXPECT_EQ(events[0].at("token_ids").as_array().at(0).as_int64(), 60);
  const json::object rest = parsed(server.get("/v1/kv/events?x=1&after=2").body);
  ASSERT_EQ(rest.at("data").as_array().size(), 1u);
  EXPECT_EQ(rest.at("data").as_array().at(0), events[2]);

  server.post("/reset_prefix_cache", "");
  const json::object after = parsed(server.get("/v1/kv/events?after=3").body);
  const json::array& removed = after.at("data").as_array();
  ASSERT_EQ(removed.size(), 4u);
  EXPECT_EQ(removed[0].at("type").as_string(), "BlockRemoved");
  EXPECT_EQ(removed[3].at("type").as_string(), "AllBlocksCleared");
  for (const char* bad : {"x", "-1", "99999999999999999999", "1x"})
    EXPECT_EQ(server.get(std::string("/v1/kv/events?after=") + bad).status, 400) << bad;
}

TEST(KvEvents, ComeAsAStreamToWhoAsksForOne) {
  LiveServer server({}, {}, small_engine(64));
  server.post("/v1/completions", completion(60));
  LoopbackClient client = server.client();
  client.get("/v1/kv/events", "Accept: text/event-stream\r\nLast-Event-ID: 1\r\n");
  EXPECT_TRUE(find_header(client.read_head().headers, "Content-Type")->starts_with("text/event-stream"));
  EXPECT_TRUE(client.read_until("\n\n").find("id: 2\ndata: {") != std::string::npos);
  EXPECT_TRUE(client.read_until("\n\n").find("id: 3\n") != std::string::npos);
  server.post("/v1/completions", completion(61));
  EXPECT_TRUE(client.read_until("\n\n").find("id: 4\n") != std::string::npos) << "what comes later";
  server.server().begin_shutdown();
  EXPECT_NE(client.read_until("0\r\n\r\n").find("id: 6\n"), std::string::npos);
}

TEST(KvEvents, AreOfferedWhereTheyAreRecorded) {
  LiveServer server({}, {}, small_engine());
  const HttpResponse response = server.get("/v1/kv/events");
  EXPECT_EQ(response.status, 404);
  EXPECT_NE(response.body.find("--kv-events"), std::string::npos);
}

}  // namespace
}  // namespace loci
