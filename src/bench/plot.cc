#include "bench/plot.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace loci::bench {
namespace {

constexpr double kWidth = 560, kHeight = 280;
constexpr double kLeft = 62, kRight = 12, kTop = 30, kBottom = 42;
constexpr std::size_t kColours = 4;
constexpr double kLetter = 5.8;  // about the width of one at 11 px

/// One axis: data from 0 to `end`, a mark each `step`.
struct Axis {
  double end = 1, step = 0.2;

  /// About five marks at 1, 2 or 5 times a power of ten.
  static Axis upto(double most) {
    if (!(most > 0) || std::isinf(most)) return {};
    const double raw = most / 5, power = std::pow(10, std::floor(std::log10(raw)));
    const double unit = raw / power;
    const double step = (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10) * power;
    return {std::ceil(most / step) * step, step};
  }
  int marks() const { return static_cast<int>(std::lround(end / step)); }
};

struct Frame {
  Axis x, y;
  double at_x(double value) const { return kLeft + value / x.end * (kWidth - kLeft - kRight); }
  double at_y(double value) const { return kHeight - kBottom - value / y.end * (kHeight - kTop - kBottom); }
};

Frame frame_of(const Plot& plot) {
  double most_x = 0, most_y = 0;
  for (const Series& series : plot.series)
    for (const auto& [x, y] : series.points) {
      most_x = std::max(most_x, x);
      most_y = std::max(most_y, y);
    }
  return {Axis::upto(most_x), Axis::upto(most_y)};
}

std::string text(double x, double y, std::string_view anchor, std::string_view words,
                 std::string_view more = "") {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>)", x, y, anchor, more,
                     escape_html(words));
}

std::string axes(const Plot& plot, const Frame& frame) {
  std::string out;
  const double bottom = frame.at_y(0);
  for (int i = 0; i <= frame.y.marks(); ++i) {
    const double value = i * frame.y.step, y = frame.at_y(value);
    out += fmt::format(R"(<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>)", kLeft,
                       kWidth - kRight, y, y);
    out += text(kLeft - 6, y + 4, "end", fmt::format("{:.6g}", value));
  }
  for (int i = 0; i <= frame.x.marks(); ++i) {
    const double value = i * frame.x.step, x = frame.at_x(value);
    out += fmt::format(R"(<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>)", x, x, kTop,
                       bottom);
    out += text(x, bottom + 16, "middle", fmt::format("{:.6g}", value));
  }
  out += text(kLeft, 16, "start", plot.title, R"( class="title")");
  out += text((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", plot.x_label);
  const double middle = (kTop + bottom) / 2;
  out += text(14, middle, "middle", plot.y_label,
              fmt::format(R"x( transform="rotate(-90 14 {:.1f})")x", middle));
  return out;
}

std::string draw(const Series& series, std::size_t colour, const Frame& frame) {
  std::string out;
  if (series.style == Series::Style::kDots) {
    for (const auto& [x, y] : series.points)
      out += fmt::format(R"(<circle class="dot-{}" cx="{:.1f}" cy="{:.1f}" r="2"/>)", colour, frame.at_x(x),
                         frame.at_y(y));
    return out;
  }
  out += fmt::format(R"(<polyline class="series-{}" points=")", colour);
  double last = 0;
  for (const auto& [x, y] : series.points) {
    if (series.style == Series::Style::kSteps)
      out += fmt::format("{:.1f},{:.1f} ", frame.at_x(x), frame.at_y(last));
    out += fmt::format("{:.1f},{:.1f} ", frame.at_x(x), frame.at_y(y));
    last = y;
  }
  return out + "\"/>";
}

std::string legend(const Plot& plot) {
  std::string out;
  double x = kWidth - kRight;
  for (std::size_t i = plot.series.size(); i-- > 0;) {
    const std::string& name = plot.series[i].name;
    if (name.empty()) continue;
    out += text(x, 16, "end", name);
    x -= kLetter * static_cast<double>(name.size()) + 6;
    out +=
        fmt::format(R"(<rect class="dot-{}" x="{:.1f}" y="8" width="10" height="10"/>)", i % kColours, x - 6);
    x -= 18;
  }
  return out;
}

}  // namespace

std::string svg(const Plot& plot) {
  const Frame frame = frame_of(plot);
  std::string out = fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", kWidth, kHeight,
                                escape_html(plot.title));
  out += axes(plot, frame);
  for (std::size_t i = 0; i < plot.series.size(); ++i) out += draw(plot.series[i], i % kColours, frame);
  return out + legend(plot) + "</svg>\n";
}

Points cumulative(const std::vector<double>& sorted, std::size_t limit) {
  Points points;
  const std::size_t count = sorted.size(), steps = std::min(count, limit);
  for (std::size_t i = 1; i <= steps; ++i) {
    const std::size_t rank = count * i / steps;  // 1..count; the largest value is always there
    points.emplace_back(sorted[rank - 1], static_cast<double>(rank) / static_cast<double>(count));
  }
  return points;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace loci::bench
