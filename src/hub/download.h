// One file from the hub to the disk: resumed where it was cut off, verified, and only then given its name.
//
// While it is incomplete it lies beside its final place as "NAME.<checksum>.part". The checksum in the name
// says which content the part belongs to: what has changed on the hub since begins anew, without asking the
// server whether it has. A part whose checksum is not known is never resumed.
#pragma once

#include <filesystem>
#include <functional>

#include "hub/repository.h"

namespace loci {

struct RetryPolicy {
  int attempts = 6;                                       // in a row that bring nothing new
  Duration first_delay = std::chrono::milliseconds(500);  // doubled each time
  Duration longest_delay = std::chrono::seconds(16);
};

struct DownloadEvents {
  std::function<void(std::uint64_t bytes)> on_disk = [](std::uint64_t) {};  // of the file, so far
  std::function<void(std::string_view line)> note = [](std::string_view) {};
};

/// Runs `action` until it gives something else than kUnavailable, waiting in between.
template <class F>
auto with_retries(const RetryPolicy& policy, const DownloadEvents& events, F action);

/// `folder`/`file.path` is there and has the listed size and checksum.
Result<bool> is_complete(const std::filesystem::path& folder, const RemoteFile& file);

/// Downloads into `folder`. A wrong checksum is kCorrupt, and the part is deleted.
Result<> download_file(HttpClient& client, const Repository& repository, const RemoteFile& file,
                       const std::filesystem::path& folder, const RetryPolicy& policy,
                       const DownloadEvents& events);

/// Bytes of an incomplete download that need not be fetched again.
std::uint64_t bytes_in_part(const std::filesystem::path& folder, const RemoteFile& file);

void wait_before_retry(const RetryPolicy& policy, const DownloadEvents& events, int failures,
                       const Error& error);

template <class F>
auto with_retries(const RetryPolicy& policy, const DownloadEvents& events, F action) {
  for (int failures = 1;; ++failures) {
    auto result = action();
    if (result || result.error().code != ErrorCode::kUnavailable || failures >= policy.attempts)
      return result;
    wait_before_retry(policy, events, failures, result.error());
  }
}

}  // namespace loci
