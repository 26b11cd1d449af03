// The output file of a batch: answers are appended as whole lines, so that a run that was ended at any moment
// goes on where it stopped.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_set>

#include "base/error.h"

namespace loci::cli {

class BatchOutput {
 public:
  /// Opens or makes the file; reads which lines it answers; cuts off a last line that was not written whole.
  /// kCorrupt where it holds anything else (it is left as it is), kResourceExhausted where another run has
  /// it.
  static Result<BatchOutput> open(const std::string& path);
  BatchOutput(BatchOutput&& other) noexcept;
  ~BatchOutput();

  bool has(const std::string& custom_id) const { return ids_.contains(custom_id); }
  bool has_line(std::int64_t number) const { return numbers_.contains(number); }
  /// Lines answered when it was opened.
  std::size_t found() const { return found_; }

  /// `line` ends in a newline; it is in the file when this returns.
  Result<> append(const std::string& line);
  /// It is on the disk when this returns.
  Result<> flush();

 private:
  BatchOutput(std::string path, int file) : path_(std::move(path)), file_(file) {}
  Result<> read();
  Result<> take_line(std::string_view line, std::int64_t number);

  std::string path_;
  int file_;
  std::unordered_set<std::string> ids_;
  std::set<std::int64_t> numbers_;  // of answered lines without a custom_id
  std::size_t found_ = 0;
};

}  // namespace loci::cli
