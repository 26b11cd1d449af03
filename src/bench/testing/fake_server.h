// A server for tests that says what a script says, byte by byte as the test wants them: HTTP/1.1 on a free
// port of the loopback interface, a thread a connection, blocking sockets.
#pragma once

#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace loci::testing {

struct FakeRequest {
  std::string head, body;  // head: request line and headers
  int connection = 0;      // number of its connection
};

struct FakeAnswer {
  std::vector<std::string> pieces;  // sent one after the other, as they are
  bool close = false;
};

class FakeServer {
 public:
  using Script = std::function<FakeAnswer(const FakeRequest&)>;  // called on many threads at once

  explicit FakeServer(Script script)
      : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 1024);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<FakeRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int connections() {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(sockets_.size());
  }

 private:
  void accept() {
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::lock_guard lock(mutex_);
      const int number = static_cast<int>(sockets_.size());
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket, number] { serve(socket, number); });
    }
  }

  void serve(int socket, int number) {
    std::string unread;
    for (;;) {
      FakeRequest request{"", "", number};
      if (!read_request(socket, unread, request)) break;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const FakeAnswer answer = script_(request);
      for (const std::string& piece : answer.pieces)
        if (::send(socket, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) return;
      if (answer.close) break;
    }
    ::shutdown(socket, SHUT_RDWR);
  }

  static bool read_request(int socket, std::string& unread, FakeRequest& request) {
    std::size_t head_end;
    while ((head_end = unread.find("\r\n\r\n")) == std::string::npos)
      if (!fill(socket, unread)) return false;
    request.head = unread.substr(0, head_end + 2);
    const std::size_t at = request.head.find("Content-Length: ");
    const std::size_t length = at == std::string::npos ? 0 : std::stoul(request.head.substr(at + 16));
    while (unread.size() < head_end + 4 + length)
      if (!fill(socket, unread)) return false;
    request.body = unread.substr(head_end + 4, length);
    unread.erase(0, head_end + 4 + length);
    return true;
  }
  static bool fill(int socket, std::string& unread) {
    char bytes[16384];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got > 0) unread.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  Script script_;
  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::vector<FakeRequest> requests_;
  std::thread acceptor_;
};

inline std::string chunk(const std::string& text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}
inline std::string plain_answer(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A stream of `tokens` chunks of text "t" each, with usage, as one piece each.
inline FakeAnswer streamed(int tokens) {
  FakeAnswer answer{
      {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"}};
  const auto event = [&](const std::string& data) {
    answer.pieces.push_back(chunk("data: " + data + "\n\n"));
  };
  for (int i = 0; i < tokens; ++i) event(R"({"choices":[{"text":"t","finish_reason":null}]})");
  event(R"({"choices":[{"text":"","finish_reason":"length"}]})");
  event(R"({"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":)" + std::to_string(tokens) +
        R"(,"prompt_tokens_details":{"cached_tokens":30}}})");
  event("[DONE]");
  answer.pieces.push_back("0\r\n\r\n");
  return answer;
}

}  // namespace loci::testing
