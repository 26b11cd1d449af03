#include "lab/claims_page.h"

#include <algorithm>

#include "bench/statistics.h"

namespace loci::lab {
namespace {

constexpr std::string_view kHead =
    "# Claims\n\n"
    "Each technique of the table is a file `claims/<id>.toml`: a workload, a baseline and a treatment that "
    "differ in the technique "
    "alone, and what must\nhold. `loci claim run ID` runs it, `loci claim report` writes this page. The "
    "numbers are those of "
    "`claims/results/`.\n\n"
    "**How to read it.** *Ratio* is treatment / baseline: the median over pairs of runs in turns, and an "
    "interval that the median "
    "lies in with at\nleast 95 % (exact, of order statistics; six pairs: 96.9 %). A claim *holds* if the "
    "whole interval is on the "
    "required side of *required*; else\nit **fails**, and is here all the same. *Loses* is the regime where "
    "the technique does not "
    "pay: run as an experiment of the opposite direction\nwhere there is a ratio. *measured*: by a clock or "
    "a counter on this machine. "
    "*emulated*: a part of the machine is a stand-in. *simulated*:\nin virtual time, see the simulator. The "
    "papers' figures are of "
    "data-centre GPUs and other baselines; they are here for the direction.\n\n"
    "![one bar a claim](claims.svg)\n\n";

/// "|" would end a cell, a line break the row.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|')
      out += "\\|";
    else
      out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string ratio_text(const Outcome& outcome) {
  return fmt::format("{:.3g} [{:.3g}, {:.3g}]", outcome.interval.median, outcome.interval.low,
                     outcome.interval.high);
}

std::string medians_text(const Outcome& outcome) {
  return fmt::format("{:.4g} -> {:.4g} {}", bench::Statistics(outcome.comparison.baseline).median(),
                     bench::Statistics(outcome.comparison.treatment).median(), outcome.metric.unit);
}

std::string losing_text(const Claim& claim, const ClaimResult* result) {
  std::string out = cell(claim.loses.words);
  if (result == nullptr || !result->loses) return out;
  return out + fmt::format(": {} ({}){}", ratio_text(*result->loses), cell(medians_text(*result->loses)),
                           result->loses->holds ? "" : ", **not confirmed**");
}

std::string row(const Claim& claim, const ClaimResult* result) {
  std::string out = fmt::format("| `{}` | {} | {} |", claim.id, cell(claim.title), claim.kind);
  if (result == nullptr) {
    out += " not run | | | |";
  } else {
    const Outcome& main = result->main;
    out += fmt::format(" {} | {} | {}<br>`{}` | {} |", main.holds ? "holds" : "**fails**", ratio_text(main),
                       cell(medians_text(main)), main.metric.path, requirement(main.metric));
  }
  out += fmt::format(" {} ({}) | {} |", cell(claim.paper_figure), cell(claim.paper_source),
                     losing_text(claim, result));
  if (result == nullptr) return out + " | |\n";
  return out + fmt::format(" {} | `{}` |\n", result->date.substr(0, 10), result->commit);
}

std::string details(const Claim& claim) {
  std::string out =
      fmt::format("- `{}`: {} **->** {}.", claim.id, claim.main.baseline.words, claim.main.treatment.words);
  if (!claim.remark.empty()) out += " " + claim.remark;
  return out + "\n";
}

}  // namespace

std::string claims_page(std::span<const Claim> claims, const ClaimResults& results, std::string_view plot) {
  std::string head(kHead);
  head.replace(head.find("claims.svg"), std::string_view("claims.svg").size(), plot);
  std::size_t held = 0, failed = 0;
  for (const Claim& claim : claims) {
    const std::string_view status = status_of(claim, results);
    held += status == "holds" ? 1 : 0;
    failed += status == "fails" ? 1 : 0;
  }
  std::string out = head + fmt::format("{} claims: {} hold, {} fail, {} not run as they are now.\n",
                                       claims.size(), held, failed, claims.size() - held - failed);
  std::vector<std::string> machines;
  for (const auto& entry : results)
    if (std::ranges::find(machines, entry.second.machine) == machines.end())
      machines.push_back(entry.second.machine);
  for (const std::string& machine : machines) out += fmt::format("Machine: {}.\n", machine);

  std::vector<std::string_view> layers;
  for (const Claim& claim : claims)
    if (std::ranges::find(layers, claim.layer) == layers.end()) layers.push_back(claim.layer);
  std::ranges::sort(layers);
  for (const std::string_view layer : layers) {
    out += fmt::format(
        "\n## {}\n\n| id | claim | kind | status | ratio | medians | required | paper | loses | date | "
        "commit |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n",
        layer);
    std::string words;
    for (const Claim& claim : claims) {
      if (claim.layer != layer) continue;
      const auto where = results.find(claim.id);
      const bool current = status_of(claim, results) != "not-run";
      out += row(claim, current ? &where->second : nullptr);
      words += details(claim);
    }
    out += "\nBaseline and treatment (command of each: `loci claim run ID`):\n\n" + words;
  }
  return out;
}

}  // namespace loci::lab
