#include "bench/url.h"

#include <algorithm>
#include <charconv>

namespace loci::bench {
namespace {

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 && value < 65536;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with("https://"))
    return fail(ErrorCode::kUnsupported, "--url: '{}': https is not supported, only http", whole);
  if (!text.starts_with("http://"))
    return fail(ErrorCode::kInvalidArgument, "--url: '{}' does not begin with http://", whole);
  text.remove_prefix(7);
  Url url;
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (url.path.ends_with("/v1")) url.path.resize(url.path.size() - 3);  // as OpenAI's clients are given it
  std::string_view host = text.substr(0, slash);
  const std::size_t bracket = host.starts_with('[') ? std::min(host.find(']'), host.size()) : 0;
  const std::size_t colon = std::min(host.find(':', bracket), host.size());
  url.port = colon < host.size() ? host.substr(colon + 1) : "80";
  url.host = bracket > 0 ? host.substr(1, bracket - 1) : host.substr(0, colon);
  const bool closed = !host.starts_with('[') || bracket < host.size();
  const bool plain = closed && url.path.find_first_of(" ?#") == std::string::npos && is_visible(whole);
  if (url.host.empty() || url.host.find('@') != std::string::npos || !is_port(url.port) || !plain)
    return fail(ErrorCode::kInvalidArgument, "--url: '{}' is no address such as http://127.0.0.1:8000",
                whole);
  return url;
}

std::string authority(const Url& url) {
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", url.host, url.port) : fmt::format("{}:{}", url.host, url.port);
}

Result<std::pair<std::string, std::string>> parse_header(std::string_view text) {
  const std::size_t mark = text.find_first_of(":=");
  const std::string_view name = text.substr(0, std::min(mark, text.size()));
  if (mark == std::string_view::npos || name.empty() || !std::ranges::all_of(name, is_token_character))
    return fail(ErrorCode::kInvalidArgument, "--header: '{}' is not of the form 'Name: value'", text);
  std::string_view value = text.substr(mark + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (!is_visible(value))
    return fail(ErrorCode::kInvalidArgument, "--header: the value of '{}' holds characters that it cannot",
                name);
  return std::pair{std::string(name), std::string(value)};
}

}  // namespace loci::bench
