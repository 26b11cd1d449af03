// A client for tests: a blocking socket on the loopback interface that sends exactly the bytes it is given.
// Whatever does not come within ten seconds counts as not coming, so that a test fails instead of hanging.
#pragma once

#include <cstdlib>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "server/http.h"

namespace loci::testing {

class LoopbackClient {
 public:
  explicit LoopbackClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval timeout{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) close();
  }
  LoopbackClient(LoopbackClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}
  ~LoopbackClient() { close(); }

  bool connected() const { return socket_ >= 0; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool get(std::string_view path, std::string_view headers = "") {
    return send(std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: x\r\n").append(headers) + "\r\n");
  }
  bool post(std::string_view path, std::string_view body, std::string_view headers = "") {
    return send(std::string("POST ").append(path).append(" HTTP/1.1\r\nHost: x\r\n").append(headers) +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

  void close_sending_half() { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// Ends the connection with a reset.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  /// Up to and including `end`; less where the connection ends first.
  std::string read_until(std::string_view end) {
    std::size_t at;
    while ((at = unread_.find(end)) == std::string::npos)
      if (!fill()) return std::exchange(unread_, {});
    return take(at + end.size());
  }
  std::string read_bytes(std::size_t count) {
    while (unread_.size() < count && fill()) continue;
    return take(std::min(count, unread_.size()));
  }
  std::string read_to_end() {
    while (fill()) continue;
    return std::exchange(unread_, {});
  }
  /// True where the server ends the connection without a further byte.
  bool ends() { return unread_.empty() && !fill() && at_end_; }

  /// One answer; status 0 where none comes. A body without a length is read to the end of the connection.
  HttpResponse read_response(bool to_head = false) {
    HttpResponse response = read_head();
    if (to_head || response.status == 204 || response.status == 304 || response.status == 0) return response;
    if (find_header(response.headers, "Transfer-Encoding") != nullptr) {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) response.body += chunk;
    } else if (const std::string* length = find_header(response.headers, "Content-Length")) {
      response.body = read_bytes(std::strtoull(length->c_str(), nullptr, 10));
    } else {
      response.body = read_to_end();
    }
    return response;
  }

  HttpResponse read_head() {
    HttpResponse response;
    const std::string line = read_until("\r\n");
    response.status = line.starts_with("HTTP/1.1 ") ? std::atoi(line.c_str() + 9) : 0;
    for (std::string header = read_until("\r\n"); header.size() > 2; header = read_until("\r\n")) {
      const std::size_t colon = header.find(": ");
      if (colon == std::string::npos) break;
      response.headers.push_back(
          {header.substr(0, colon), header.substr(colon + 2, header.size() - colon - 4)});
    }
    return response;
  }

  /// The next chunk of a chunked body; empty at its end.
  std::string read_chunk() {
    const std::size_t size = std::strtoull(read_until("\r\n").c_str(), nullptr, 16);
    std::string chunk = read_bytes(size);
    read_until("\r\n");
    return chunk;
  }

 private:
  bool fill() {
    char bytes[65536];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    at_end_ = got == 0;
    if (got <= 0) return false;
    unread_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = unread_.substr(0, count);
    unread_.erase(0, count);
    return taken;
  }

  int socket_;
  std::string unread_;
  bool at_end_ = false;
};

}  // namespace loci::testing
