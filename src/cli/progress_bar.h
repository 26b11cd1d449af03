// Bars on standard error, on a terminal only, and what they are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace loci::cli {

/// "1.25 GB", powers of 1000 as disks and hubs count.
std::string format_size(std::uint64_t bytes);
/// "0:50", "1:02:03".
std::string format_time(double seconds);
/// "[######....]  42%" of a share in [0, 1].
std::string format_bar(double fraction);
/// Columns of the terminal on standard error; 80 where it does not tell.
std::size_t terminal_width();

/// For work of a known size.
class ProgressBar {
 public:
  explicit ProgressBar(std::size_t total_bytes);

  /// "[######....]  42%  1.25 GB of 2.97 GB  0:50 left  WHAT", at most ten times a second.
  void draw(std::size_t done_bytes, std::string_view what);
  /// A line above the bar, whatever standard error is.
  void line(std::string_view text);
  /// Takes the bar away.
  void end();

 private:
  const std::size_t total_;
  const bool is_terminal_;
  const Time begun_;
  Time drawn_at_{};
  bool drawn_ = false;
};

}  // namespace loci::cli
