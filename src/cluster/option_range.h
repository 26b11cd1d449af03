// Ranges of options, checked with one message for all.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"

namespace loci::cluster {

struct OptionRange {
  std::string_view name;
  double value, least, most;
};

/// kInvalidArgument naming the first that is outside its range, or not a number.
inline Result<> check_ranges(std::string_view what, std::span<const OptionRange> ranges) {
  for (const auto& [name, value, least, most] : ranges) {
    if (value >= least && value <= most) continue;  // false for NaN
    return std::unexpected(Error{
        ErrorCode::kInvalidArgument,
        fmt::format("{} {}: {} is not within {}..{}", what, name, value, least, most), std::string(name)});
  }
  return {};
}

}  // namespace loci::cluster
