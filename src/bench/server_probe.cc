#include "bench/server_probe.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/json.h"
#include "bench/http_connection.h"

namespace loci::bench {
namespace {

constexpr std::size_t kMaxReply = std::size_t{64} << 20;

struct Answer {
  HttpReply reply;
  std::string body{};
};

Result<Answer> ask(const ServerAddress& server, std::string_view method, std::string_view path,
                   std::string body, Duration limit) {
  net::io_context context(1);
  boost::system::error_code error;
  net::ip::tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(server.url.host, server.url.port, error);
  if (error) return fail(ErrorCode::kUnavailable, "--url: {}: {}", authority(server.url), error.message());
  const HttpRequest request = make_request(server.url, method, path, server.headers, std::move(body));
  Answer answer;
  const HttpConnection::BodySink sink = [&](int, std::string_view bytes) {
    answer.body += bytes;
    return answer.body.size() <= kMaxReply;
  };
  auto talk = [&]() -> net::awaitable<void> {
    const auto connection = std::make_shared<HttpConnection>(context.get_executor());
    answer.reply = co_await connection->exchange(endpoints, request, limit, sink);
  };
  net::co_spawn(context, talk, net::detached);
  context.run();
  if (!answer.reply.error_kind.empty())
    return fail(ErrorCode::kUnavailable, "{}{}: {} ({})", authority(server.url), path, answer.reply.error,
                answer.reply.error_kind);
  return answer;
}

}  // namespace

Result<std::string> get_text(const ServerAddress& server, std::string_view path, Duration limit) {
  LOCI_TRY(Answer answer, ask(server, "GET", path, "", limit));
  if (answer.reply.status != 200)
    return fail(ErrorCode::kUnavailable, "{}{}: status {}: {}", authority(server.url), path,
                answer.reply.status, answer.body.substr(0, 200));
  return std::move(answer.body);
}

Result<std::string> first_model(const ServerAddress& server, Duration limit) {
  constexpr std::string_view kPath = "/v1/models";
  LOCI_TRY(const std::string body, get_text(server, kPath, limit));
  const auto value = parse_json(body);
  const json::value* id = nullptr;
  boost::system::error_code ignored;
  if (value) id = value->find_pointer("/data/0/id", ignored);
  if (id == nullptr || !id->is_string())
    return fail(ErrorCode::kCorrupt, "{}{}: the answer names no model: give one with --model",
                authority(server.url), kPath);
  return std::string(id->get_string());
}

Result<std::vector<TokenId>> tokenize(const ServerAddress& server, std::string_view model,
                                      std::string_view text, Duration limit) {
  const json::object body{
      {"model", model}, {"prompt", text}, {"content", text}, {"add_special_tokens", false}};
  LOCI_TRY(const Answer answer, ask(server, "POST", "/tokenize", json::serialize(body), limit));
  const auto value = parse_json(answer.body);
  const json::object* object = value && answer.reply.status == 200 ? value->if_object() : nullptr;
  const json::value* tokens = object != nullptr ? find_field(*object, "tokens") : nullptr;
  if (tokens == nullptr || !tokens->is_array() || tokens->get_array().empty())
    return fail(ErrorCode::kNotFound, "{}: the server has no /tokenize", authority(server.url));
  std::vector<TokenId> ids;
  for (const json::value& id : tokens->get_array()) {
    if (!id.is_int64() || id.get_int64() < 0 || id.get_int64() > std::numeric_limits<TokenId>::max())
      return fail(ErrorCode::kCorrupt, "{}/tokenize: tokens that are no ids", authority(server.url));
    ids.push_back(static_cast<TokenId>(id.get_int64()));
  }
  return ids;
}

}  // namespace loci::bench
