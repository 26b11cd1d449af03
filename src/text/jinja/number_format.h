// Numbers and texts under a format spec: the part that "%5.2f" and "{:>5}" share.
#pragma once

#include "text/jinja/runtime.h"

namespace loci::jinja {

struct FormatSpec {
  std::string fill = " ";
  char align = '\0';  // '<', '>', '^', '=' (between sign and digits); none: by type
  char sign = '-';    // '-', '+', ' '
  bool alternate = false, thousands = false;
  std::int64_t width = 0;
  std::int64_t precision = -1;  // none
  char type = '\0';
};

inline constexpr std::int64_t kMaxWidth = 1'000'000;
inline constexpr std::int64_t kMaxPrecision = 300;
inline constexpr std::uint64_t kFloatTextSteps = 128;  // what the digits of a number under a spec may cost

/// Fails where the type does not suit the value.
Result<std::string> format_number(const FormatSpec& spec, const Value& v);
/// Cuts to the precision and pads to the width.
Result<std::string> format_text(Runtime& rt, const FormatSpec& spec, std::string_view text);

}  // namespace loci::jinja
