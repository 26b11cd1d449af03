// Turns bytes into one HTTP request, under limits. Beast does the parsing and is seen by this parser's source
// alone.
//
// The caller keeps the bytes that were not consumed and offers them again with more behind them. No body is
// allocated before its bytes are there.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/http.h"
#include "server/http_server.h"

namespace loci::http_detail {

class HttpRequestParser {
 public:
  explicit HttpRequestParser(const HttpLimits& limits);
  ~HttpRequestParser();

  enum class Status {
    kNeedMore,  // all complete elements have been consumed
    kHead,      // request line and headers are known; go on
    kComplete,
    kRefused,  // see refusal()
  };
  struct Step {
    Status status;
    std::size_t consumed;
  };
  /// Not to be called again after kComplete or kRefused.
  Step parse(std::string_view bytes);

  /// What is known of the request; the body once it is complete.
  HttpRequest& request() { return request_; }
  int version() const { return version_; }  // 10 or 11
  bool keep_alive() const { return keep_alive_; }
  bool in_body() const { return in_body_; }
  bool awaits_invitation() const;  // Expect: 100-continue

  struct Refusal {
    int status = 0;
    std::string message;
  };
  const Refusal& refusal() const { return refusal_; }

 private:
  struct Beast;
  Status refuse(int status, std::string message);
  Status enter_body();

  const HttpLimits& limits_;
  std::unique_ptr<Beast> beast_;
  HttpRequest request_;
  int version_ = 11;
  bool keep_alive_ = false;
  bool in_body_ = false;
  Refusal refusal_;
};

}  // namespace loci::http_detail
