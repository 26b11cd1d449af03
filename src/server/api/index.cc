#include "server/api/api.h"
#include "server/api/index_page.h"

namespace loci::api {
namespace {

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void fill_in(std::string& page, std::string_view placeholder, std::string_view value) {
  if (const std::size_t at = page.find(placeholder); at != std::string::npos)
    page.replace(at, placeholder.size(), escape_html(value));
}

}  // namespace

ApiResult<> index(ApiCall& call) {
  const ServedModel* served = call.state.served.load(std::memory_order_acquire);
  const std::string* host = find_header(call.request().headers, "Host");
  std::string page(kIndexPage);
  fill_in(page, "@origin@", host != nullptr ? "http://" + *host : "http://HOST:PORT");
  fill_in(page, "@model@", served != nullptr ? served->name() : "still loading");
  call.exchange->respond({.status = 200,
                          .headers = {{"Content-Type", "text/html; charset=utf-8"}},
                          .body = std::move(page),
                          .close = false});
  return {};
}

}  // namespace loci::api
