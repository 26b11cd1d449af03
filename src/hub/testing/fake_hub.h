// A hub for tests on the loopback interface: repositories in memory, and faults on demand. It answers the
// three requests that a pull makes, one connection at a time, and remembers what it was asked.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "hub/digest.h"

namespace loci::testing {

struct HubRequest {
  std::string path, query;                     // as sent
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found != headers.end() ? found->second : "";
  }
  bool operator==(const HubRequest&) const = default;
};

struct HubAnswer {
  int status = 200;
  std::string headers{};  // "Name: value\r\n" ...
  std::string body{};
  std::optional<std::size_t> cut_after{};  // bytes of the body, then the connection ends
};

/// An HTTP server of one thread; each answer closes its connection. It answers from the first url() on: what
/// a test sets up before is what the thread sees.
class FakeServer {
 public:
  using Handler = std::function<HubAnswer(const HubRequest&)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 64);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  FakeServer(const FakeServer&) = delete;
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }

  std::string url() {
    std::call_once(started_, [this] { thread_ = std::thread([this] { run(); }); });
    return "http://127.0.0.1:" + std::to_string(port_);
  }
  std::vector<HubRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    for (int client; (client = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(client)) {
      const std::optional<HubRequest> request = read_request(client);
      if (!request) continue;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(*request);
      }
      send_answer(client, handler_(*request));
    }
  }

  static std::optional<HubRequest> read_request(int client) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n"))
      if (::recv(client, &byte, 1, 0) == 1) {
        head += byte;
      } else {
        return std::nullopt;
      }
    HubRequest request;
    const std::string target = head.substr(4, head.find(' ', 4) - 4);  // after "GET "
    const std::size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    request.query = target.substr(std::min(question + 1, target.size()));
    for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const std::size_t end = head.find("\r\n", at), colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      request.headers[name] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return request;
  }

  static void send_answer(int client, const HubAnswer& answer) {
    std::string bytes = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nConnection: close\r\n" +
                        answer.headers + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
    bytes += answer.body.substr(0, answer.cut_after.value_or(answer.body.size()));
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t put = ::send(client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (put <= 0) return;
      sent += static_cast<std::size_t>(put);
    }
  }

  Handler handler_;
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HubRequest> requests_;
  std::once_flag started_;
  std::thread thread_;
};

/// One repository, "org/model" at revision "main". Set it up before the first request; `intercept` may answer
/// instead.
class FakeHub {
 public:
  std::map<std::string, std::string> files;        // content by path
  std::map<std::string, std::string> fake_sha256;  // listed instead of the true one
  std::function<std::optional<HubAnswer>(const HubRequest&)> intercept = [](const HubRequest&) {
    return std::nullopt;
  };
  std::size_t large = 64;       // files from this size on are listed as LFS
  std::size_t page_size = 100;  // entries of a page of the tree
  std::string repo = "org/model";

  std::string url() { return server_.url(); }
  std::vector<HubRequest> requests() const { return server_.requests(); }
  /// Those for the content of a file.
  std::vector<HubRequest> downloads() const {
    std::vector<HubRequest> all = requests();
    std::erase_if(all, [](const HubRequest& r) { return r.path.find("/resolve/") == std::string::npos; });
    return all;
  }

  HubAnswer answer(const HubRequest& request) {
    if (auto other = intercept(request)) return *other;
    if (request.path == "/api/models/" + repo + "/tree/main") return tree(request);
    const std::string prefix = "/" + repo + "/resolve/main/";
    const auto file =
        request.path.starts_with(prefix) ? files.find(request.path.substr(prefix.size())) : files.end();
    return file != files.end() ? content(file->second, request) : HubAnswer{.status = 404};
  }

  /// The bytes that a Range header asks for, or all.
  static HubAnswer content(const std::string& bytes, const HubRequest& request) {
    const std::string range = request.header("range");
    if (range.empty()) return {.body = bytes};
    const std::size_t first = std::strtoull(range.c_str() + std::string_view("bytes=").size(), nullptr, 10);
    if (first >= bytes.size()) return {.status = 416};
    return {.status = 206,
            .headers = "Content-Range: bytes " + std::to_string(first) + "-" +
                       std::to_string(bytes.size() - 1) + "/" + std::to_string(bytes.size()) + "\r\n",
            .body = bytes.substr(first)};
  }

  static std::string sha256(const std::string& bytes) {
    Digest digest = Digest::sha256();
    digest.add(std::as_bytes(std::span(bytes)));
    return digest.finish();
  }

  std::string entry(const std::string& path, const std::string& bytes) const {
    const std::string size = std::to_string(bytes.size());
    Digest blob = Digest::git_blob(bytes.size());
    blob.add(std::as_bytes(std::span(bytes)));
    std::string json =
        R"({"type":"file","path":")" + path + R"(","size":)" + size + R"(,"oid":")" + blob.finish() + "\"";
    if (bytes.size() >= large) {
      const auto fake = fake_sha256.find(path);
      json += R"(,"lfs":{"oid":")" + (fake != fake_sha256.end() ? fake->second : sha256(bytes)) +
              R"(","size":)" + size + R"(,"pointerSize":135})";
    }
    return json + "}";
  }

 private:
  HubAnswer tree(const HubRequest& request) {
    const std::size_t cursor = request.query.find("cursor=");
    const std::size_t first =
        cursor == std::string::npos ? 0 : std::strtoull(request.query.c_str() + cursor + 7, nullptr, 10);
    std::string list = R"([{"type":"directory","path":"a","size":0,"oid":"0"})";
    std::size_t i = 0;
    for (const auto& [path, bytes] : files) {
      if (i >= first && i < first + page_size) list += "," + entry(path, bytes);
      ++i;
    }
    std::string headers;
    if (first + page_size < files.size())
      headers = "Link: <" + url() + request.path +
                "?recursive=true&cursor=" + std::to_string(first + page_size) + ">; rel=\"next\"\r\n";
    return {.headers = headers, .body = list + "]"};
  }

  FakeServer server_{[this](const HubRequest& request) { return answer(request); }};
};

}  // namespace loci::testing
