#include "cli/batch_progress.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <unistd.h>

namespace loci::cli {
namespace {

constexpr Duration kRedraw = std::chrono::milliseconds(200), kReport = std::chrono::seconds(30);
constexpr std::size_t kBarWidth = 30;

double per_second(double count, Duration time) {
  return time > Duration{} ? count / seconds(time) : 0;
}

std::string remaining(const BatchCounts& counts, Duration spent) {
  if (counts.answered == 0) return "--:--";
  const auto left = static_cast<double>(counts.lines - counts.skipped - counts.answered);
  const auto total = static_cast<std::int64_t>(seconds(spent) * left / static_cast<double>(counts.answered));
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

}  // namespace

BatchProgress::BatchProgress() : is_terminal_(::isatty(STDERR_FILENO) != 0) {}

void BatchProgress::show(const BatchCounts& counts, std::uint64_t tokens, Time now) {
  if (began_ == Time{}) began_ = shown_ = now;
  if (now - shown_ < (is_terminal_ ? kRedraw : kReport)) return;
  shown_ = now;
  const std::size_t done = counts.skipped + counts.answered;
  const double rate = per_second(static_cast<double>(tokens), now - began_);
  if (is_terminal_) {
    const std::size_t filled = counts.lines > 0 ? kBarWidth * done / counts.lines : 0;
    const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
    fmt::print(stderr, "\r\033[K[{}] {}/{}  {} refused  {:.1f} tokens/s  {} left", bar, done, counts.lines,
               counts.refused, rate, remaining(counts, now - began_));
    drawn_ = true;
  } else {
    fmt::print(stderr, "{} of {} lines, {} refused, {:.1f} tokens/s\n", done, counts.lines, counts.refused,
               rate);
  }
  std::fflush(stderr);
}

void BatchProgress::end(const BatchCounts& counts, std::uint64_t tokens, Time now) {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  const Duration spent = began_ == Time{} ? Duration{} : now - began_;
  fmt::print(stderr, "{} lines: {} answered now ({} of them refused), {} before; {} tokens in {:.1f} s\n",
             counts.lines, counts.answered, counts.refused, counts.skipped, tokens, seconds(spent));
}

}  // namespace loci::cli
