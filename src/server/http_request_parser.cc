#include "server/http_request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <fmt/format.h>

namespace loci::http_detail {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kMaxChunkHeader = std::size_t{16} << 10;  // size line or trailer of a chunked body

/// A body that grows as its bytes arrive: a Content-Length alone reserves nothing.
struct GrowingBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(http::header<isRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      std::size_t total = 0;
      for (const net::const_buffer buffer : beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        total += buffer.size();
      }
      return total;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

int status_of(error_code error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  return 400;
}

std::string message_of(error_code error, const HttpLimits& limits) {
  if (error == http::error::header_limit)
    return fmt::format("the request's headers exceed {} bytes", limits.max_header_bytes);
  if (error == http::error::body_limit)
    return fmt::format("the request's body exceeds {} bytes", limits.max_body_bytes);
  return fmt::format("malformed HTTP request: {}", error.message());
}

}  // namespace

struct HttpRequestParser::Beast {
  http::request_parser<GrowingBody> parser;

  /// What the parser has of the request line and headers. False where the target is no path.
  bool copy_head(HttpRequest& out) const {
    const auto& message = parser.get();
    out.method = std::string(message.method_string());
    out.headers.clear();
    for (const auto& field : message)
      out.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    auto target = parse_target(std::string_view(message.target()));
    if (!target) return false;
    out.path = std::move(target->path);
    out.query = std::move(target->query);
    return true;
  }
};

HttpRequestParser::HttpRequestParser(const HttpLimits& limits)
    : limits_(limits), beast_(std::make_unique<Beast>()) {
  beast_->parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
  beast_->parser.body_limit(limits.max_body_bytes);
}

HttpRequestParser::~HttpRequestParser() = default;

HttpRequestParser::Step HttpRequestParser::parse(std::string_view bytes) {
  if (bytes.empty()) return {Status::kNeedMore, 0};
  auto& parser = beast_->parser;
  error_code error;
  const std::size_t consumed = parser.put(net::const_buffer(bytes.data(), bytes.size()), error);
  const bool starved = error == http::error::need_more;
  if (error && !starved) {
    if (!in_body_) beast_->copy_head(request_);
    return {refuse(status_of(error), message_of(error, limits_)), consumed};
  }
  if (!in_body_ && parser.is_header_done()) return {enter_body(), consumed};
  if (parser.is_done()) {
    request_.body = std::move(parser.get().body());
    return {Status::kComplete, consumed};
  }
  if (starved && in_body_ && bytes.size() - consumed > kMaxChunkHeader)
    return {refuse(400, "malformed chunked body"), consumed};
  return {Status::kNeedMore, consumed};
}

/// Refuses what the parser would read in another way than the client means.
HttpRequestParser::Status HttpRequestParser::enter_body() {
  auto& parser = beast_->parser;
  in_body_ = true;
  version_ = static_cast<int>(parser.get().version());
  keep_alive_ = parser.get().keep_alive();
  if (!beast_->copy_head(request_)) return refuse(400, "the request target is not a path");
  if (find_header(request_.headers, "Transfer-Encoding") != nullptr && !parser.chunked())
    return refuse(501, "the only transfer coding understood is 'chunked'");
  const std::string* expect = find_header(request_.headers, "Expect");
  if (expect != nullptr && !equals_ignoring_case(*expect, "100-continue"))
    return refuse(417, "the only expectation understood is '100-continue'");
  parser.eager(true);
  return parser.is_done() ? Status::kComplete : Status::kHead;
}

bool HttpRequestParser::awaits_invitation() const {
  return version_ >= 11 && find_header(request_.headers, "Expect") != nullptr;
}

HttpRequestParser::Status HttpRequestParser::refuse(int status, std::string message) {
  refusal_ = {status, std::move(message)};
  return Status::kRefused;
}

}  // namespace loci::http_detail
