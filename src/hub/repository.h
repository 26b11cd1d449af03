// A repository on the hub: its files, and where to fetch them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hub/http_client.h"
#include "hub/model_name.h"

namespace loci {

struct RemoteFile {
  std::string path;                     // inside the repository; safe (is_safe_path)
  std::optional<std::uint64_t> size{};  // bytes
  std::string sha256{};                 // of a large file; else empty
  std::string git_sha1{};               // of a small one: git's blob id; empty where the hub tells none

  /// The checksum that there is: 64 or 40 hexadecimal digits, or none.
  const std::string& checksum() const { return sha256.empty() ? git_sha1 : sha256; }
};

struct Repository {
  ModelName model;
  std::string revision = "main";
};

/// All files at the revision: the hub's tree, page by page; of a hub that has no trees, its model info. A
/// name that would leave the folder it is downloaded into is kCorrupt.
Result<std::vector<RemoteFile>> list_files(HttpClient& client, const Repository& repository);

std::string file_url(const HttpClient& client, const Repository& repository, const RemoteFile& file);

/// What a reply that is no success means for `what`, in words for the user; kUnavailable where trying again
/// may help.
Error refusal(const HttpClient& client, const Repository& repository, const HubReply& reply,
              std::string_view what);

}  // namespace loci
