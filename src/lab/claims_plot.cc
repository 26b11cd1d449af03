#include <algorithm>
#include <cmath>

#include "bench/plot.h"
#include "lab/claims_page.h"

namespace loci::lab {
namespace {

constexpr double kWidth = 760, kLeft = 190, kRight = 70, kRow = 20, kTop = 44, kBottom = 12;
constexpr double kLimit = 64;  // ratios beyond are drawn at the edge

// Readable on white and on black, without the page's style.
constexpr std::string_view kStyle =
    "<style>text{font:11px sans-serif;fill:#777}.one{stroke:#777}.grid{stroke:#7774}"
    ".holds{fill:#2a9d6f}.fails{fill:#d1495b}.interval{stroke:#777;stroke-width:1.5}</style>\n";

/// Where a ratio lies: 1 in the middle of `span` factors of two to either side.
struct Scale {
  double span;
  double at(double ratio) const {
    const double edge = std::exp2(span);
    const double within = std::clamp(ratio, 1 / edge, edge);
    return kLeft + (std::log2(within) / span + 1) / 2 * (kWidth - kLeft - kRight);
  }
};

std::string text(double x, double y, std::string_view anchor, std::string_view words) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", x, y, anchor,
                     bench::escape_html(words)) +
         "\n";
}

std::string line(std::string_view style, double x1, double y1, double x2, double y2) {
  return fmt::format(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", style, x1, y1,
                     x2, y2) +
         "\n";
}

std::string bar(const Claim& claim, const Outcome& outcome, const Scale& scale, double y) {
  const double one = scale.at(1), end = scale.at(outcome.interval.median), middle = y + kRow / 2;
  std::string out = text(kLeft - 6, middle + 4, "end", claim.id);
  out += fmt::format(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>)",
                     outcome.holds ? "holds" : "fails", std::min(one, end), y + 4, std::abs(end - one),
                     kRow - 8);
  out += "\n" +
         line("interval", scale.at(outcome.interval.low), middle, scale.at(outcome.interval.high), middle);
  return out + text(kWidth - kRight + 6, middle + 4, "start", fmt::format("{:.3g}", outcome.interval.median));
}

}  // namespace

std::string claims_plot(std::span<const Claim> claims, const ClaimResults& results) {
  std::vector<std::pair<const Claim*, const Outcome*>> rows;
  double farthest = 1;
  for (const Claim& claim : claims) {
    if (status_of(claim, results) == "not-run") continue;
    const Outcome& outcome = results.at(claim.id).main;
    rows.emplace_back(&claim, &outcome);
    for (const double ratio : {outcome.interval.low, outcome.interval.median, outcome.interval.high}) {
      const double within = std::clamp(ratio, 1 / kLimit, kLimit);
      farthest = std::max(farthest, std::abs(std::log2(within)));
    }
  }
  const Scale scale{std::ceil(farthest)};
  const double bottom = kTop + kRow * static_cast<double>(rows.size());
  std::string out = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {:.0f}" role="img" aria-label="ratio of treatment to baseline, by claim">)",
      kWidth, bottom + kBottom);
  out += "\n" + std::string(kStyle);
  out +=
      text(kLeft, 14, "start", "treatment / baseline: bar = median, line = interval; red = the claim fails");
  for (double power = -scale.span; power <= scale.span; power += 1) {
    const double x = scale.at(std::exp2(power));
    out += line(power == 0 ? "one" : "grid", x, kTop - 4, x, bottom);
    out += text(x, kTop - 8, "middle", fmt::format("{:.3g}", std::exp2(power)));
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    out += bar(*rows[i].first, *rows[i].second, scale, kTop + kRow * static_cast<double>(i));
  return out + "</svg>\n";
}

}  // namespace loci::lab
