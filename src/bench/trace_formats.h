// The two shapes of trace files. Each takes the whole text and leaves times as the file has them, in seconds.
#pragma once

#include "bench/trace.h"

namespace loci::bench {

/// Lines of a text with their numbers, for errors: "FILE:12: ...".
class Lines {
 public:
  Lines(std::string_view text, std::string_view name) : rest_(text), name_(name) {}

  /// The next line that is not empty, without its end; false behind the last.
  bool next(std::string_view& line) {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      line = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find_first_not_of(" \t") != std::string_view::npos) return true;
    }
    return false;
  }

  template <class... Args>
  std::unexpected<Error> refuse(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorCode::kCorrupt, "{}:{}: {}", name_, number_,
                fmt::format(format, std::forward<Args>(args)...));
  }
  std::unexpected<Error> refuse(const Error& error) const { return refuse("{}", error.message); }

 private:
  std::string_view rest_, name_;
  int number_ = 0;
};

Result<Trace> parse_csv(std::string_view text, std::string_view name);
Result<Trace> parse_json_lines(std::string_view text, std::string_view name, const TokenCounter& counter);

}  // namespace loci::bench
