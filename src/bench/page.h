// A page in one file: no script, no font, no picture from elsewhere. Its style knows the classes of
// bench/plot.h, and light and dark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/plot.h"

namespace loci::bench {

using Rows = std::vector<std::vector<std::string>>;

/// From the doctype to the opened body. Texts are escaped here and below.
std::string page_begin(std::string_view title);
inline constexpr std::string_view kPageEnd = "</body></html>\n";
/// The first row is the head.
std::string table(const Rows& rows);
std::string figure(const Plot& plot);

}  // namespace loci::bench
