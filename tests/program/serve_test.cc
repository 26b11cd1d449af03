// `loci serve` as a process: ready, answering, its memory, and its end.
#include <arpa/inet.h>
#include <chrono>
#include <regex>
#include <sys/socket.h>
#include <thread>

#include "testing/paths.h"
#include "testing/process.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

/// A blocking HTTP/1.1 connection to 127.0.0.1, as plain as can be.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Connection(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  bool connected() const { return connected_; }
  void send(const std::string& text) const {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }
  void post(const std::string& path, const std::string& body) const {
    send(fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", path,
                     body.size(), body));
  }

  /// What comes next, empty at the end.
  std::string receive() const {
    char buffer[4096];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "";
  }
  std::string receive_all() const {
    std::string all;
    for (std::string part = receive(); !part.empty(); part = receive()) all += part;
    return all;
  }

 private:
  int socket_;
  bool connected_;
};

class Serve {
 public:
  explicit Serve(std::vector<std::string> arguments) : process_(with_port(std::move(arguments))) {}

  /// Waits until the log names the port that is served; 0 if the process ends first.
  int port() {
    static const std::regex kAddress(R"(serving .* on http://[^:]+:(\d+))");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < deadline) {
      const bool running = process_.running();  // before the log is read: what it wrote last is in it
      const std::string log = process_.err();
      std::smatch match;
      if (std::regex_search(log, match, kAddress)) return std::stoi(match[1]);
      if (!running) return 0;
      std::this_thread::yield();
    }
    return 0;
  }
  testing::Process& process() { return process_; }

 private:
  static std::vector<std::string> with_port(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"serve", "--port", "0"});
    return arguments;
  }
  testing::Process process_;
};

std::string get(int port, const std::string& path) {
  const Connection connection(port);
  connection.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return connection.receive_all();
}

TEST(ServeProcess, ServesAndEndsInOrder) {
  Serve serve({"--served-model-name", "my/model", "--api-key", "secret"});
  const int port = serve.port();
  ASSERT_NE(port, 0);
  EXPECT_TRUE(get(port, "/health/ready").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(get(port, "/v1/models").starts_with("HTTP/1.1 401"));
  serve.process().signal(SIGTERM);
  EXPECT_EQ(serve.process().wait(), 0);
  EXPECT_FALSE(Connection(port).connected());
}

TEST(ServeProcess, FsckChecksItWhileItRuns) {
  Serve serve({"--tenant", "name=ops,key=secret,operator", "--api-key", "other"});
  const int port = serve.port();
  ASSERT_NE(port, 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  const testing::Finished clean = testing::run_program({"fsck", url, "--api-key", "secret"});
  EXPECT_EQ(clean.status, 0) << clean.err;
  EXPECT_NE(clean.out.find("blocks.free"), std::string::npos) << clean.out;
  EXPECT_TRUE(clean.out.ends_with("clean\n")) << clean.out;
  const testing::Finished refused = testing::run_program({"fsck", url + "/v1", "--api-key", "other"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("403"), std::string::npos) << refused.err;
  EXPECT_EQ(testing::run_program({"fsck", url}).status, 1);
  EXPECT_EQ(testing::run_program({"fsck", "http://127.0.0.1:1"}).status, 1);
  EXPECT_EQ(testing::run_program({"serve", "--tenant", "name=a"}).status, 1);
}

/// The body of an answer without what changes from one to the next.
std::string text_of(const std::string& answer) {
  const std::size_t begin = answer.find("\"text\":"), end = answer.find("\"logprobs\"");
  return begin < end ? answer.substr(begin, end - begin) : "";
}

TEST(ServeProcess, SeedMakesRunsRepeatable) {
  std::vector<std::string> runs;
  for (const char* seed : {"5", "5", "6"}) {
    Serve serve({"--seed", seed});
    const int port = serve.port();
    for (int i = 0; i < 2; ++i) {
      const Connection connection(port);
      connection.post("/v1/completions", R"({"prompt": "The old man", "max_tokens": 12, "temperature": 1})");
      runs.push_back(text_of(connection.receive_all()));
    }
  }
  EXPECT_EQ(runs[0], runs[2]);
  EXPECT_EQ(runs[1], runs[3]);
  EXPECT_NE(runs[0], runs[1]) << "each request has a seed of its own";
  EXPECT_NE(runs[0], runs[4]);
}

const char* const kLongStream =
    R"({"prompt": "The old man", "max_tokens": 400, "ignore_eos": true, "stream": true, "temperature": 0})";

TEST(ServeProcess, RunningStreamFinishesAfterSigterm) {
  Serve serve({});
  const Connection connection(serve.port());
  connection.post("/v1/completions", kLongStream);
  std::string answer = connection.receive();
  serve.process().signal(SIGTERM);
  answer += connection.receive_all();
  EXPECT_NE(answer.find("\"finish_reason\":\"length\""), std::string::npos);
  EXPECT_NE(answer.find("[DONE]"), std::string::npos);
  EXPECT_EQ(serve.process().wait(), 0);
}

TEST(ServeProcess, ShutdownTimeoutAbortsWhatStillRuns) {
  Serve serve({"--shutdown-timeout", "0"});
  const Connection connection(serve.port());
  connection.post("/v1/completions", kLongStream);
  std::string answer = connection.receive();
  serve.process().signal(SIGTERM);
  answer += connection.receive_all();
  EXPECT_EQ(serve.process().wait(), 0);
}

TEST(ServeProcess, SecondSigtermEndsAtOnce) {
  Serve serve({"--shutdown-timeout", "600"});
  const Connection connection(serve.port());
  connection.post(
      "/v1/completions",
      R"({"prompt": "The old man", "max_tokens": 1000, "n": 16, "ignore_eos": true, "stream": true})");
  connection.receive();
  serve.process().signal(SIGTERM);
  while (serve.process().err().find("shutting down") == std::string::npos) std::this_thread::yield();
  serve.process().signal(SIGTERM);
  EXPECT_EQ(serve.process().wait(), 1);
}

/// "VmHWM" of a process: the most memory it has had, in bytes.
std::size_t peak_memory(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return static_cast<std::size_t>(std::stoll(line.substr(6))) * 1024;
  return 0;
}

// The promise of the memory plan: 1.15 times the model, the KV arena, and 64 MB.
TEST(ServeProcess, PeakMemoryIsWithinThePlan) {
#ifdef LOCI_SANITIZED
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  const testing::TemporaryFolder folder;
  const auto path = folder / "model.gguf";
  const testing::TinyModelShape shape{.layers = 8,
                                      .hidden = 1024,
                                      .intermediate = 3072,
                                      .heads = 16,
                                      .kv_heads = 8,
                                      .context = 512,
                                      .dtype = DType::kF16};
  ASSERT_TRUE(testing::tiny_model(shape).write(path).has_value());
  const std::size_t model_bytes = std::filesystem::file_size(path);
  constexpr std::size_t kKvBytes = 32u << 20;
  Serve serve({path, "--kv-cache-memory", std::to_string(kKvBytes), "--max-num-seqs", "8"});
  const int port = serve.port();
  ASSERT_NE(port, 0);
  const Connection connection(port);
  connection.post(
      "/v1/completions",
      R"({"prompt": ["some words to compute", "and more of them"], "max_tokens": 4, "ignore_eos": true})");
  EXPECT_TRUE(connection.receive_all().starts_with("HTTP/1.1 200"));
  const std::size_t peak = peak_memory(serve.process().pid());
  RecordProperty("model_bytes", std::to_string(model_bytes));
  RecordProperty("peak_bytes", std::to_string(peak));
  EXPECT_GT(peak, model_bytes) << "the weights are in memory";
  EXPECT_LE(peak, model_bytes * 115 / 100 + kKvBytes + 64'000'000) << "model " << model_bytes;
  std::printf("model %.1f MB, KV %.1f MB, peak %.1f MB\n", static_cast<double>(model_bytes) / 1e6,
              static_cast<double>(kKvBytes) / 1e6, static_cast<double>(peak) / 1e6);
}

}  // namespace
}  // namespace loci
