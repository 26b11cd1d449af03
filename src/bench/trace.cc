#include "bench/trace.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/mapped_file.h"
#include "bench/trace_formats.h"

namespace loci::bench {
namespace {

namespace fs = std::filesystem;

/// Counts times from the first, and lets each session go on when it did.
void normalize(Trace& trace) {
  std::ranges::stable_sort(trace.requests, {}, &TraceRequest::at);
  const double first = trace.requests.front().at;
  for (TraceRequest& request : trace.requests) request.at -= first;
}

std::string_view text_of(const MappedFile& file) {
  const auto bytes = file.bytes();
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

Result<std::vector<fs::path>> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    std::error_code ignored;
    if ((path.extension() == ".csv" || path.extension() == ".jsonl") && fs::file_size(path, ignored) > 0)
      files.push_back(path);
  }
  if (error) return fail(ErrorCode::kIo, "{}: {}", folder.string(), error.message());
  if (files.empty())
    return fail(ErrorCode::kNotFound, "{}: the folder holds no .csv or .jsonl file", folder.string());
  std::ranges::sort(files);
  return files;
}

Result<std::string_view> checked_size(const MappedFile& file, const fs::path& path) {
  if (file.bytes().size() > kMaxTraceBytes)
    return fail(ErrorCode::kInvalidArgument, "{}: longer than {} bytes", path.string(), kMaxTraceBytes);
  return text_of(file);
}

Result<Trace> read_file(const fs::path& path, const TokenCounter& counter) {
  LOCI_TRY(const MappedFile file, MappedFile::open(path));
  LOCI_TRY(const std::string_view text, checked_size(file, path));
  return parse_trace(text, path.string(), counter);
}

}  // namespace

int tokens_by_length(std::string_view text) {
  return static_cast<int>(std::clamp<std::size_t>((text.size() + 3) / 4, 1, kMaxTraceTokens));
}

Result<Trace> parse_trace(std::string_view text, std::string_view name, const TokenCounter& counter) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos)
    return fail(ErrorCode::kCorrupt, "{}: the file holds no request", name);
  LOCI_TRY(Trace trace, text[start] == '{' ? parse_json_lines(text, name, counter) : parse_csv(text, name));
  if (trace.requests.empty()) return fail(ErrorCode::kCorrupt, "{}: the file holds no request", name);
  normalize(trace);
  return trace;
}

Result<Trace> read_trace(const fs::path& path, const TokenCounter& counter) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return read_file(path, counter);
  LOCI_TRY(const std::vector<fs::path> files, files_of(path));
  Trace all;
  for (const fs::path& file : files) {
    LOCI_TRY(Trace one, read_file(file, counter));
    if (!all.format.empty() && one.format != all.format)
      return fail(ErrorCode::kCorrupt, "{}: is a trace of {}, the files before it are of {}", file.string(),
                  one.format, all.format);
    all.format = one.format;
    all.timed = one.timed;
    std::ranges::move(one.requests, std::back_inserter(all.requests));
  }
  normalize(all);
  return all;
}

Result<Trace> read_sharegpt(const fs::path& path, const TokenCounter& counter) {
  LOCI_TRY(const MappedFile file, MappedFile::open(path));
  LOCI_TRY(const std::string_view text, checked_size(file, path));
  return parse_sharegpt(text, path.string(), counter);
}

}  // namespace loci::bench
