#include "bench/page.h"

#include <fmt/format.h>

namespace loci::bench {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --text: #1c2430; --soft: #5b6675; --line: #d9dee5; --back: #ffffff; --card: #f6f8fa;
  --c0: #1f6feb; --c1: #d1570a; --c2: #1a8a4c; --c3: #9a4fd0; }
@media (prefers-color-scheme: dark) { :root { --text: #e6eaf0; --soft: #9aa5b4; --line: #343c47; --back: #12161c;
  --card: #1a2028; --c0: #6ea8fe; --c1: #ff9a5c; --c2: #5fd08c; --c3: #cf9bff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 2rem auto; max-width: 75rem;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.soft { color: var(--soft); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; } td, th { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line);
  text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; } th { color: var(--soft); font-weight: 500; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
.plots figure { margin: 0; background: var(--card); border-radius: 8px; padding: .6rem; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg text.title { font-size: 13px; font-weight: 600; fill: var(--text); } .grid { stroke: var(--line); stroke-width: 1; }
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.series-0 { stroke: var(--c0); } .series-1 { stroke: var(--c1); } .series-2 { stroke: var(--c2); } .series-3 { stroke: var(--c3); }
.dot-0 { fill: var(--c0); } .dot-1 { fill: var(--c1); } .dot-2 { fill: var(--c2); } .dot-3 { fill: var(--c3); }
circle { fill-opacity: .6; }
)";

}  // namespace

std::string page_begin(std::string_view title) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title>\n<style>{1}</style></head>\n<body>\n<h1>{0}</h1>\n",
      escape_html(title), kStyle);
}

std::string table(const Rows& rows) {
  std::string out = "<div class=\"scroll\"><table>\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out += "<tr>";
    for (const std::string& cell : rows[i])
      out += fmt::format("<{0}>{1}</{0}>", i == 0 ? "th" : "td", escape_html(cell));
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string figure(const Plot& plot) {
  return "<figure>" + svg(plot) + "</figure>\n";
}

}  // namespace loci::bench
