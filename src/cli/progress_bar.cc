#include "cli/progress_bar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace loci::cli {
namespace {

constexpr Duration kBetweenDraws = std::chrono::milliseconds(100);
constexpr int kBarCells = 24;

}  // namespace

std::string format_time(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string format_bar(double fraction) {
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarCells);
  return fmt::format("[{}{}] {:3.0f}%", std::string(static_cast<std::size_t>(full), '#'),
                     std::string(static_cast<std::size_t>(kBarCells - full), '.'), 100 * fraction);
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.2f} {}", value, kUnits[unit]);
}

ProgressBar::ProgressBar(std::size_t total_bytes)
    : total_(std::max<std::size_t>(total_bytes, 1)),
      is_terminal_(::isatty(STDERR_FILENO) != 0),
      begun_(std::chrono::steady_clock::now()) {}

void ProgressBar::draw(std::size_t done_bytes, std::string_view what) {
  const Time now = std::chrono::steady_clock::now();
  if (!is_terminal_ || (drawn_ && now - drawn_at_ < kBetweenDraws)) return;
  const double fraction = static_cast<double>(done_bytes) / static_cast<double>(total_);
  std::string text =
      fmt::format("{}  {} of {}", format_bar(fraction), format_size(done_bytes), format_size(total_));
  if (fraction > 0)
    text += fmt::format("  {} left", format_time(seconds(now - begun_) * (1 - fraction) / fraction));
  text += fmt::format("  {}", what);
  fmt::print(stderr, "\r\x1b[K{}", text.substr(0, terminal_width() - 1));
  std::fflush(stderr);
  drawn_ = true;
  drawn_at_ = now;
}

void ProgressBar::line(std::string_view text) {
  end();
  fmt::print(stderr, "{}\n", text);
}

void ProgressBar::end() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace loci::cli
