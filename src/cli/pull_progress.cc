#include "cli/pull_progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "cli/progress_bar.h"

namespace loci::cli {
namespace {

constexpr Duration kBetweenDraws = std::chrono::milliseconds(100);
constexpr Duration kBetweenMeasurements = std::chrono::milliseconds(500);
constexpr double kSmoothing = 0.3;  // weight of the newest half second in the rate

}  // namespace

ProgressDisplay::ProgressDisplay() : is_terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressDisplay::note(std::string_view line) {
  end();
  fmt::print(stderr, "{}\n", line);
}

void ProgressDisplay::on_progress(const PullProgress& progress) {
  if (!is_terminal_) return;
  const Time now = std::chrono::steady_clock::now();
  if (drawn_ && now - drawn_at_ < kBetweenDraws) return;
  measure(progress, now);
  draw(progress, now);
}

void ProgressDisplay::file_done(const PullProgress& progress) {
  note(fmt::format("{}  {}  verified", progress.file, format_size(progress.file_bytes)));
}

void ProgressDisplay::measure(const PullProgress& progress, Time now) {
  if (measured_at_ == Time{}) {  // what an earlier pull left was not fetched at any rate
    measured_at_ = now;
    measured_bytes_ = progress.total_bytes;
  }
  if (now - measured_at_ < kBetweenMeasurements) return;
  const std::uint64_t fetched = progress.total_bytes - std::min(measured_bytes_, progress.total_bytes);
  const double newest = static_cast<double>(fetched) / seconds(now - measured_at_);
  rate_ = rate_ == 0 ? newest : rate_ + kSmoothing * (newest - rate_);
  measured_at_ = now;
  measured_bytes_ = progress.total_bytes;
}

/// "model.gguf  [######....]  42%  1.25 GB of 2.97 GB  34.1 MB/s  0:50 left", cut to the terminal's width.
void ProgressDisplay::draw(const PullProgress& progress, Time now) {
  std::string line(progress.file);
  if (progress.total_size > 0) {
    const double fraction =
        static_cast<double>(progress.total_bytes) / static_cast<double>(progress.total_size);
    line += fmt::format("  {}  {} of {}", format_bar(fraction), format_size(progress.total_bytes),
                        format_size(progress.total_size));
  } else {
    line += fmt::format("  {}", format_size(progress.total_bytes));
  }
  if (rate_ > 0) {
    line += fmt::format("  {}/s", format_size(static_cast<std::uint64_t>(rate_)));
    if (progress.total_size > progress.total_bytes)
      line += fmt::format(
          "  {} left", format_time(static_cast<double>(progress.total_size - progress.total_bytes) / rate_));
  }
  const std::size_t room = terminal_width() - 1;
  if (line.size() > room) line = line.substr(line.size() - room);  // the file's name gives way
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
  drawn_ = true;
  drawn_at_ = now;
}

void ProgressDisplay::end() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace loci::cli
