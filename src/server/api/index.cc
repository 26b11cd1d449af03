#include "server/api/api.h"
#include "server/page/chat_page.h"

namespace loci::api {
namespace {

/// A client that names text/plain and not text/html; `curl` and browsers, which take anything, get the page.
bool wants_plain_text(const HttpRequest& request) {
  const std::string* accept = find_header(request.headers, "Accept");
  return accept != nullptr && accept->find("text/plain") != std::string::npos &&
         accept->find("text/html") == std::string::npos;
}

std::string plain_text(const ApiCall& call) {
  const ServedModel* served = call.state.served.load(std::memory_order_acquire);
  const std::string* host = find_header(call.request().headers, "Host");
  return fmt::format(
      "Loci, an inference server with OpenAI's API. Model: {}\n\n"
      "curl http://{}/v1/chat/completions \\\n"
      "  -H 'Content-Type: application/json' \\\n"
      "  -d '{{\"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}], \"stream\": true}}'\n\n"
      "With an API key, add -H 'Authorization: Bearer KEY'. See also /v1/models, /health, /metrics, "
      "/version.\n"
      "A browser finds a chat here.\n",
      served != nullptr ? served->name() : "still loading", host != nullptr ? *host : "HOST:PORT");
}

bool has_page(const HttpRequest& request, const std::string& etag) {
  const std::string* known = find_header(request.headers, "If-None-Match");
  return known != nullptr && known->find(etag) != std::string::npos;
}

}  // namespace

ApiResult<> index(ApiCall& call) {
  HttpHeaders headers{{"Vary", "Accept"}, {"X-Content-Type-Options", "nosniff"}};
  if (wants_plain_text(call.request())) {
    headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    call.exchange->respond(
        {.status = 200, .headers = std::move(headers), .body = plain_text(call), .close = false});
    return {};
  }
  const ChatPage& page = chat_page();
  const bool known = has_page(call.request(), page.etag);
  headers.push_back({"Content-Type", "text/html; charset=utf-8"});
  headers.push_back({"ETag", page.etag});
  headers.push_back({"Cache-Control", "no-cache"});  // kept, but asked for: it changes with the program
  headers.push_back({"Content-Security-Policy", page.security_policy});
  headers.push_back({"Referrer-Policy", "no-referrer"});
  call.exchange->respond({.status = known ? 304 : 200,
                          .headers = std::move(headers),
                          .body = known ? std::string() : page.html,
                          .close = false});
  return {};
}

}  // namespace loci::api
