#include "hub/http_client.h"

#include <algorithm>
#include <array>
#include <curl/curl.h>
#include <optional>

#include "base/check.h"

namespace loci {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxBodyBytes = std::size_t{32} << 20;     // a page of the file list
constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10;  // of one reply

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(char* text) const { curl_free(text); }
};
template <class T>
using CurlPtr = std::unique_ptr<T, CurlDeleter>;

struct Origin {
  std::string scheme, host, port;
  bool operator==(const Origin&) const = default;
};

/// nullopt where `url` is no absolute http or https URL.
std::optional<Origin> origin_of(const std::string& url) {
  const CurlPtr<CURLU> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    curl_url_get(parsed.get(), which, &text, CURLU_DEFAULT_PORT);
    const CurlPtr<char> owned(text);
    return std::string(text != nullptr ? text : "");
  };
  Origin origin{part(CURLUPART_SCHEME), part(CURLUPART_HOST), part(CURLUPART_PORT)};
  if (origin.scheme != "http" && origin.scheme != "https") return std::nullopt;
  std::ranges::transform(origin.host, origin.host.begin(), [](unsigned char c) { return std::tolower(c); });
  return origin;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// One request and what has come of its reply; libcurl's callbacks fill it.
struct Transfer {
  CURL* curl;
  const HubSink* sink;
  HubReply reply{};
  std::array<char, CURL_ERROR_SIZE> problem{};  // libcurl's own words
  std::size_t header_bytes = 0;
  bool sink_begun = false;
  Result<> outcome{};  // what the sink, or a limit, refused

  bool goes_to_sink() const { return sink != nullptr && reply.status >= 200 && reply.status < 300; }
  Result<> begin_sink();
  Result<> take(std::span<const std::byte> bytes);
};

Result<> Transfer::begin_sink() {
  if (std::exchange(sink_begun, true)) return {};
  return sink->begin(reply);
}

Result<> Transfer::take(std::span<const std::byte> bytes) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  if (goes_to_sink()) {
    LOCI_TRY_VOID(begin_sink());
    return sink->write(bytes);
  }
  if (reply.body.size() + bytes.size() > kMaxBodyBytes)
    return fail(ErrorCode::kCorrupt, "the reply is larger than {} bytes", kMaxBodyBytes);
  reply.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) transfer.reply.headers.clear();  // after a "100 Continue", say
  transfer.header_bytes += size;
  if (transfer.header_bytes > kMaxHeaderBytes) return 0;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  line.remove_prefix(colon + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' '))
    line.remove_suffix(1);
  transfer.reply.headers.emplace_back(std::move(name), line);
  return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.outcome = transfer.take(std::as_bytes(std::span(data, size)));
  return transfer.outcome ? size : 0;
}

/// Whether the same request may succeed a moment later.
bool is_temporary(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

template <class T>
void set(CURL* curl, CURLoption option, T value) {
  LOCI_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
}

}  // namespace

const std::string* HubReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return &value;
  return nullptr;
}

struct HttpClient::State {
  HubConnection connection;
  Origin origin;  // the token's
  CurlPtr<CURL> curl;

  Result<HubReply> transfer(const std::string& url, const HubSink* sink, std::uint64_t offset);
  void prepare(Transfer& transfer, const std::string& url, std::uint64_t offset);
  CurlPtr<curl_slist> headers_for(const std::string& url) const;
  Result<std::string> redirect_target(const std::string& from) const;
};

void HttpClient::State::prepare(Transfer& transfer, const std::string& url, std::uint64_t offset) {
  CURL* handle = curl.get();
  curl_easy_reset(handle);  // connections stay open
  set(handle, CURLOPT_URL, url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_ERRORBUFFER, transfer.problem.data());
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_USERAGENT, "loci");
  set(handle, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(connection.connect_timeout).count()));
  set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(handle, CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(connection.stall_timeout).count()));
  if (offset > 0) set(handle, CURLOPT_RANGE, fmt::format("{}-", offset).c_str());
  set(handle, CURLOPT_HEADERFUNCTION, on_header);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(handle, CURLOPT_WRITEFUNCTION, on_body);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
}

CurlPtr<curl_slist> HttpClient::State::headers_for(const std::string& url) const {
  if (connection.token.empty() || origin_of(url) != origin) return nullptr;
  return CurlPtr<curl_slist>(
      curl_slist_append(nullptr, ("Authorization: Bearer " + connection.token).c_str()));
}

Result<HubReply> HttpClient::State::transfer(const std::string& url, const HubSink* sink,
                                             std::uint64_t offset) {
  Transfer transfer{curl.get(), sink};
  prepare(transfer, url, offset);
  const auto headers = headers_for(url);
  set(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl.get());
  set(curl.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));  // the transfer ends before the handle
  if (!transfer.outcome) return std::unexpected(std::move(transfer.outcome).error());
  if (code != CURLE_OK)
    return fail(is_temporary(code) ? ErrorCode::kUnavailable : ErrorCode::kIo, "{}: {}", url.substr(0, 512),
                transfer.problem[0] != '\0' ? transfer.problem.data() : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.reply.status = static_cast<int>(status);
  if (transfer.goes_to_sink()) LOCI_TRY_VOID(transfer.begin_sink());
  return std::move(transfer.reply);
}

Result<std::string> HttpClient::State::redirect_target(const std::string& from) const {
  char* location = nullptr;  // absolute; owned by the handle
  curl_easy_getinfo(curl.get(), CURLINFO_REDIRECT_URL, &location);
  if (location == nullptr) return fail(ErrorCode::kCorrupt, "{} redirects to nowhere", from);
  std::string target = location;
  const auto origin_there = origin_of(target);
  if (!origin_there)
    return fail(ErrorCode::kCorrupt, "{} redirects to {}, which is neither http nor https", from,
                target.substr(0, 512));
  if (origin_of(from)->scheme == "https" && origin_there->scheme == "http")
    return fail(ErrorCode::kCorrupt, "{} redirects from https to http: refused", from);
  return target;
}

Result<HttpClient> HttpClient::create(HubConnection connection) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  LOCI_CHECK(initialized == CURLE_OK);
  while (connection.endpoint.ends_with('/')) connection.endpoint.pop_back();
  const auto origin = origin_of(connection.endpoint);
  if (!origin)
    return fail(ErrorCode::kInvalidArgument, "HF_ENDPOINT '{}' is neither an http nor an https URL",
                connection.endpoint);
  if (connection.token.find_first_of("\r\n") != std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "HF_TOKEN must be one line");
  auto state =
      std::make_unique<State>(State{std::move(connection), *origin, CurlPtr<CURL>(curl_easy_init())});
  LOCI_CHECK(state->curl != nullptr);
  return HttpClient(std::move(state));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

const HubConnection& HttpClient::connection() const {
  return state_->connection;
}

Result<HubReply> HttpClient::get(std::string url, const HubSink* sink, std::uint64_t offset) {
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    LOCI_TRY(HubReply reply, state_->transfer(url, sink, offset));
    if (!is_redirect(reply.status)) return reply;
    LOCI_TRY(url, state_->redirect_target(url));
  }
  return fail(ErrorCode::kCorrupt, "more than {} redirects, the last to {}", kMaxRedirects,
              url.substr(0, 512));
}

std::string url_segment(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace loci
