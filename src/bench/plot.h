// Plots as SVG text inside a page: lines and points on two axes. Colours are CSS classes of the page
// ("series-0"
// ...), so that they follow its light or dark style.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loci::bench {

using Points = std::vector<std::pair<double, double>>;

struct Series {
  std::string name;  // in the legend; empty: none
  Points points;
  enum class Style { kLine, kSteps, kDots };  // steps: each value holds until the next point
  Style style = Style::kLine;
};

struct Plot {
  std::string title, x_label, y_label;
  std::vector<Series> series{};
};

std::string svg(const Plot& plot);

/// The distribution of values: (value, share of values at most that), at most `limit` points.
Points cumulative(const std::vector<double>& sorted, std::size_t limit = 400);

/// "&lt;" for "<", and so on: any text as HTML.
std::string escape_html(std::string_view text);

}  // namespace loci::bench
