#include "hub/repository.h"

#include <algorithm>

#include "base/json.h"
#include "hub/file_choice.h"

namespace loci {
namespace {

constexpr int kMaxPages = 1000;
constexpr std::size_t kMaxFiles = 100'000;

std::unexpected<Error> malformed(const Repository& repository, std::string_view what) {
  return fail(ErrorCode::kCorrupt, "{}: the hub's list of files is malformed: {}", repository.model.repo(),
              what);
}

std::string lower_hex(const json::value* value, std::size_t digits) {
  if (value == nullptr || !value->is_string() || value->get_string().size() != digits) return {};
  std::string text(value->get_string());
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hex ? text : std::string();
}

std::optional<std::uint64_t> read_size(const json::object& object) {
  const json::value* size = find_field(object, "size");
  if (size == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto number = size->to_number<std::uint64_t>(error);
  return error ? std::nullopt : std::optional(number);
}

/// An entry of a tree ("path", "oid", "lfs.oid") or of a model info ("rfilename", "blobId", "lfs.sha256").
Result<RemoteFile> read_file_entry(const json::object& entry, const Repository& repository) {
  const json::value* path = find_field(entry, "path");
  if (path == nullptr) path = find_field(entry, "rfilename");
  if (path == nullptr || !path->is_string()) return malformed(repository, "a file without a name");
  RemoteFile file{.path = std::string(path->get_string())};
  if (!is_safe_path(file.path))
    return malformed(repository, fmt::format("'{}' is no safe file name", file.path.substr(0, 256)));
  file.size = read_size(entry);
  const json::value* oid = find_field(entry, "oid");
  file.git_sha1 = lower_hex(oid != nullptr ? oid : find_field(entry, "blobId"), 40);
  const json::value* lfs = find_field(entry, "lfs");
  if (lfs == nullptr || !lfs->is_object()) return file;
  const json::value* sha256 = find_field(lfs->get_object(), "oid");
  file.sha256 = lower_hex(sha256 != nullptr ? sha256 : find_field(lfs->get_object(), "sha256"), 64);
  if (file.sha256.empty()) return malformed(repository, file.path + ": 'lfs' without its SHA-256");
  if (const auto size = read_size(lfs->get_object())) file.size = size;
  file.git_sha1.clear();  // that of the pointer, not of the file
  return file;
}

Result<> append_entries(const json::value& list, const Repository& repository,
                        std::vector<RemoteFile>& files) {
  const json::array* entries = list.if_array();
  if (entries == nullptr) return malformed(repository, "it is no list");
  for (const json::value& entry : *entries) {
    const json::object* object = entry.if_object();
    if (object == nullptr) return malformed(repository, "an entry is no object");
    const json::value* type = find_field(*object, "type");
    if (type != nullptr && type->is_string() && type->get_string() != "file") continue;  // a folder
    LOCI_TRY(RemoteFile file, read_file_entry(*object, repository));
    files.push_back(std::move(file));
    if (files.size() > kMaxFiles) return malformed(repository, fmt::format("more than {} files", kMaxFiles));
  }
  return {};
}

/// The address marked rel="next" in a Link header (RFC 8288), or empty.
std::string next_page(const HubReply& reply) {
  const std::string* link = reply.header("link");
  if (link == nullptr) return {};
  for (std::size_t begin = 0; (begin = link->find('<', begin)) != std::string::npos;) {
    const std::size_t end = link->find('>', begin);
    if (end == std::string::npos) return {};
    const std::size_t next_link = std::min(link->find(",", end), link->size());
    const std::string_view parameters = std::string_view(*link).substr(end, next_link - end);
    if (parameters.find("rel=\"next\"") != std::string_view::npos ||
        parameters.find("rel=next") != std::string_view::npos)
      return link->substr(begin + 1, end - begin - 1);
    begin = next_link;
  }
  return {};
}

std::string api_url(const HttpClient& client, const Repository& repository, std::string_view what) {
  const ModelName& model = repository.model;
  return fmt::format("{}/api/models/{}/{}/{}/{}", client.connection().endpoint, url_segment(model.org),
                     url_segment(model.name), what, url_segment(repository.revision));
}

/// For a Link that has no host: it is the hub's.
std::string absolute(const HttpClient& client, const std::string& link) {
  if (!link.starts_with('/')) return link;
  const std::string& endpoint = client.connection().endpoint;
  return endpoint.substr(0, endpoint.find('/', endpoint.find("://") + 3)) + link;
}

/// Hubs without trees still have this, because the official client asks for it first.
Result<std::vector<RemoteFile>> list_by_model_info(HttpClient& client, const Repository& repository) {
  LOCI_TRY(const HubReply reply, client.get(api_url(client, repository, "revision") + "?blobs=true"));
  if (reply.status != 200) return std::unexpected(refusal(client, repository, reply, ""));
  const auto info = parse_json(reply.body);
  if (!info) return malformed(repository, info.error().message);
  const json::value* siblings = info->is_object() ? find_field(info->get_object(), "siblings") : nullptr;
  if (siblings == nullptr) return malformed(repository, "no 'siblings'");
  std::vector<RemoteFile> files;
  LOCI_TRY_VOID(append_entries(*siblings, repository, files));
  return files;
}

std::string excerpt(std::string_view text) {
  std::string out(text.substr(0, 200));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

/// HF says more in a header.
std::string hubs_own_words(const HubReply& reply) {
  const std::string* words = reply.header("x-error-message");
  return words != nullptr ? fmt::format(" (the hub says: {})", excerpt(*words)) : "";
}

}  // namespace

Result<std::vector<RemoteFile>> list_files(HttpClient& client, const Repository& repository) {
  std::vector<RemoteFile> files;
  std::string url = api_url(client, repository, "tree") + "?recursive=true";
  for (int page = 0; page < kMaxPages; ++page) {
    LOCI_TRY(const HubReply reply, client.get(url));
    if (reply.status == 404 && page == 0) return list_by_model_info(client, repository);
    if (reply.status != 200) return std::unexpected(refusal(client, repository, reply, ""));
    const auto list = parse_json(reply.body);
    if (!list) return malformed(repository, list.error().message);
    LOCI_TRY_VOID(append_entries(*list, repository, files));
    const std::string next = next_page(reply);
    if (next.empty()) return files;
    url = absolute(client, next);
  }
  return malformed(repository, fmt::format("more than {} pages", kMaxPages));
}

std::string file_url(const HttpClient& client, const Repository& repository, const RemoteFile& file) {
  const ModelName& model = repository.model;
  std::string url = fmt::format("{}/{}/{}/resolve/{}", client.connection().endpoint, url_segment(model.org),
                                url_segment(model.name), url_segment(repository.revision));
  for (std::size_t begin = 0; begin <= file.path.size();) {
    const std::size_t end = std::min(file.path.find('/', begin), file.path.size());
    url += '/' + url_segment(std::string_view(file.path).substr(begin, end - begin));
    begin = end + 1;
  }
  return url;
}

Error refusal(const HttpClient& client, const Repository& repository, const HubReply& reply,
              std::string_view what) {
  const HubConnection& connection = client.connection();
  const std::string repo = repository.model.repo();
  const std::string subject = what.empty() ? repo : fmt::format("{}: {}", repo, what);
  const std::string more = hubs_own_words(reply);
  if (reply.status == 401 && connection.token.empty())
    return {ErrorCode::kInvalidArgument,
            fmt::format(
                "{}: refused (401): it does not exist, or is private or gated; set HF_TOKEN to a token that "
                "may read it{}",
                subject, more)};
  if (reply.status == 401 || reply.status == 403)
    return {ErrorCode::kInvalidArgument,
            fmt::format("{}: refused ({}): {}; a gated model's terms are accepted at {}/{}{}", subject,
                        reply.status,
                        connection.token.empty() ? "set HF_TOKEN to a token that may read it"
                                                 : "the token in HF_TOKEN may not read it",
                        connection.endpoint, repo, more)};
  if (reply.status == 404)
    return {ErrorCode::kNotFound, fmt::format("{}: not found at {} (revision {}){}", subject,
                                              connection.endpoint, repository.revision, more)};
  const bool temporary = reply.status >= 500 || reply.status == 429 || reply.status == 408;
  return {temporary ? ErrorCode::kUnavailable : ErrorCode::kIo,
          fmt::format("{}: {} answered {}{}", subject, connection.endpoint, reply.status, more)};
}

}  // namespace loci
