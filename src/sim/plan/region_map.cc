#include "sim/plan/region_map.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

#include "sim/simulation.h"

namespace loci::sim {
namespace {

constexpr double kRunSeconds = 20;  // at least: queues of an overload must outgrow the limits
constexpr double kRung = 1.2;       // one rate over the one before
constexpr std::array kLetters{'A', 'D', 'H'};

/// Share of the requests within both limits; those without an end are not.
double share_within(const std::vector<bench::RequestResult>& results, const bench::Slo& slo,
                    std::uint64_t requests) {
  const auto good = std::ranges::count_if(
      results, [&](const bench::RequestResult& request) { return bench::meets(request, slo); });
  return static_cast<double>(good) / static_cast<double>(requests);
}

class Surveyor {
 public:
  Surveyor(const Question& question, const Watcher& watcher, const MapGrid& grid)
      : question_(question), watcher_(watcher), grid_(grid) {}

  Result<RegionMap> run() {
    const Hardware& hardware = *question_.hardware.front();
    map_ = {.model = std::string(question_.model->name),
            .hardware = std::string(hardware.name),
            .machines = question_.max_machines,
            .attain = question_.attain};
    for (const double step : grid_.ttft) map_.ttfts.push_back(step * *question_.slo.ttft);
    for (int rung = 0; rung < grid_.rates; ++rung)
      map_.rates.push_back(question_.rate * std::pow(kRung, rung - grid_.rates / 2));
    LOCI_TRY(const Load load, measure(question_, requests_of(question_)));
    auto all = layouts(*question_.model, hardware, load.most_tokens, question_.max_machines, false);
    std::set<std::string> known;  // few replicas round shares to one arrangement
    std::erase_if(all, [&](const Layout& layout) {
      const int replicas = question_.max_machines / layout.machines;
      return question_.max_machines % layout.machines != 0 || replicas < layout.least_replicas() ||
             !known.insert(Arrangement{layout, replicas}.text()).second;
    });
    if (all.empty())
      return fail(ErrorCode::kInvalidArgument, "{} does not fit on {} of {}", map_.model, map_.machines,
                  map_.hardware);
    for (const double step : grid_.tpot) LOCI_TRY_VOID(survey(step * *question_.slo.tpot, all));
    return std::move(map_);
  }

 private:
  /// The cells of one limit on the time per token.
  Result<> survey(double tpot, const std::vector<Layout>& all) {
    map_.tpots.push_back(tpot);
    const std::size_t first = map_.cells.size();
    for (const double ttft : map_.ttfts) map_.cells.push_back({.ttft = ttft, .tpot = tpot});
    const std::span<RegionCell> cells = std::span(map_.cells).subspan(first);
    for (const Layout& layout : all)
      for (const double rate : map_.rates) {
        LOCI_TRY(const bool serves, try_rate(layout, rate, cells));
        if (!serves) break;  // nor will it serve more
      }
    return {};
  }

  /// False where it serves in no cell.
  Result<bool> try_rate(const Layout& layout, double rate, std::span<RegionCell> cells) {
    Question asked = question_;
    asked.rate = rate;
    asked.slo.tpot = cells.front().tpot;
    asked.slo.ttft = cells.back().ttft;  // the longest: none is given up before
    const auto requests = static_cast<std::uint64_t>(rate * kRunSeconds);
    LOCI_TRY(const Load load, measure(asked, std::max(requests, requests_of(question_))));
    const Arrangement arrangement{layout, question_.max_machines / layout.machines};
    LOCI_TRY(Scenario scenario, scenario_of(asked, load, arrangement));
    scenario.clients.keep_results = true;
    if (watcher_) watcher_(map_.simulated, arrangement.text());
    LOCI_TRY(const SimReport report, simulate(scenario));
    ++map_.simulated;
    map_.provenance = report.provenance;
    bool serves = false;
    for (RegionCell& cell : cells) {
      const bench::Slo slo{.ttft = cell.ttft, .tpot = cell.tpot};
      if (share_within(report.results, slo, load.requests) < question_.attain) continue;
      serves = true;
      const auto division = static_cast<std::size_t>(layout.division);
      if (rate <= cell.rates[division]) continue;
      cell.rates[division] = rate;
      cell.layouts[division] = arrangement.text();
    }
    return serves;
  }

  const Question& question_;
  const Watcher& watcher_;
  const MapGrid& grid_;
  RegionMap map_;
};

Result<> validate(const Question& question) {
  if (!question.slo.ttft || !question.slo.tpot || question.slo.e2el)
    return fail(ErrorCode::kInvalidArgument,
                "--slo: a map is over limits on ttft and tpot; give both, alone");
  if (!(question.rate > 0))
    return fail(ErrorCode::kInvalidArgument, "--rate: a map tries rates around one; give it");
  if (!(question.attain > 0 && question.attain <= 1))
    return fail(ErrorCode::kInvalidArgument, "--attain: {} is no share in (0, 1]", question.attain);
  if (question.hardware.size() != 1)
    return fail(ErrorCode::kInvalidArgument, "--gpu: a map is of one kind of machine");
  if (question.max_machines < 2 || question.max_machines > 64)
    return fail(ErrorCode::kInvalidArgument, "--max-gpus: a map is of 2..64 machines, not {}",
                question.max_machines);
  return {};
}

double best_of(const RegionCell& cell) {
  return *std::ranges::max_element(cell.rates);
}

}  // namespace

Result<RegionMap> region_map(const Question& question, const Watcher& watcher, const MapGrid& grid) {
  LOCI_TRY_VOID(validate(question));
  return Surveyor(question, watcher, grid).run();
}

std::string winners_of(const RegionCell& cell) {
  const double best = best_of(cell);
  if (best == 0) return "-";
  std::string letters;
  for (std::size_t i = 0; i < cell.rates.size(); ++i)
    if (cell.rates[i] > 0.999 * best) letters += kLetters[i];
  return letters;
}

std::string map_text(const RegionMap& map) {
  std::string text = fmt::format(
      "{} on {} x {}: who serves the highest rate of which {:g} % meet both limits, and that rate\n"
      "A aggregated, D disaggregated, H hybrid; several: equal to a rung of {:g} %; times: {}\n\n",
      map.model, map.machines, map.hardware, 100 * map.attain, 100 * (kRung - 1), map.provenance);
  text += fmt::format("{:>18}", "TPOT \\ TTFT");
  for (const double ttft : map.ttfts) text += fmt::format("{:>14}", fmt::format("{:g} s", ttft));
  for (std::size_t i = 0; i < map.cells.size(); ++i) {
    const RegionCell& cell = map.cells[i];
    if (i % map.ttfts.size() == 0) text += fmt::format("\n{:>15.1f} ms", 1e3 * cell.tpot);
    text += fmt::format(
        "{:>14}", best_of(cell) > 0 ? fmt::format("{} {:.1f}/s", winners_of(cell), best_of(cell)) : "-");
  }
  return text + fmt::format("\n\n{} simulations\n", map.simulated);
}

json::object map_json(const RegionMap& map) {
  json::array cells;
  for (const RegionCell& cell : map.cells) {
    json::object one{{"ttft", cell.ttft}, {"tpot", cell.tpot}, {"winners", winners_of(cell)}};
    for (const Division division : {Division::kAggregated, Division::kDisaggregated, Division::kHybrid}) {
      const auto i = static_cast<std::size_t>(division);
      one[name_of(division)] = json::object{{"rate", cell.rates[i]}, {"layout", cell.layouts[i]}};
    }
    cells.push_back(std::move(one));
  }
  return {{"model", map.model},       {"hardware", map.hardware}, {"machines", map.machines},
          {"attain", map.attain},     {"times", map.provenance},  {"simulated", map.simulated},
          {"cells", std::move(cells)}};
}

std::string map_svg(const RegionMap& map) {
  constexpr int kWide = 92, kHigh = 40, kLeft = 96, kTop = 58;
  const auto color = [](const std::string& winners) {
    if (winners == "A") return "#bcd7f5";
    if (winners == "D") return "#f5c9b0";
    if (winners == "H") return "#b9e6c8";
    return winners == "-" ? "#ffffff" : "#eeeeee";
  };
  const auto columns = static_cast<int>(map.ttfts.size()), rows = static_cast<int>(map.tpots.size());
  const int width = kLeft + columns * kWide + 12, height = kTop + rows * kHigh + 34;
  std::string out = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" font-family="sans-serif" font-size="12"><rect width="{0}" height="{1}" fill="#fff"/><text x="12" y="18">{2} on {3} x {4}: highest rate of which {5:g} % meet both limits</text><text x="12" y="36" fill="#555">A aggregated, D disaggregated, H hybrid; grey: equal to {6:g} %</text>)",
      width, height, map.model, map.machines, map.hardware, 100 * map.attain, 100 * (kRung - 1));
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const RegionCell& cell = map.cells[static_cast<std::size_t>(row * columns + column)];
      const int x = kLeft + column * kWide, y = kTop + (rows - 1 - row) * kHigh;
      const std::string winners = winners_of(cell);
      out += fmt::format(
          R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="#fff"/><text x="{}" y="{}" text-anchor="middle">{}{}</text>)",
          x, y, kWide, kHigh, color(winners), x + kWide / 2, y + kHigh / 2 + 4, winners,
          best_of(cell) > 0 ? fmt::format(" {:.1f}/s", best_of(cell)) : "");
    }
  for (int row = 0; row < rows; ++row)
    out += fmt::format(R"(<text x="{}" y="{}" text-anchor="end">TPOT {:.0f} ms</text>)", kLeft - 6,
                       kTop + (rows - 1 - row) * kHigh + kHigh / 2 + 4,
                       1e3 * map.tpots[static_cast<std::size_t>(row)]);
  for (int column = 0; column < columns; ++column)
    out += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">TTFT {:g} s</text>)",
                       kLeft + column * kWide + kWide / 2, kTop + rows * kHigh + 18,
                       map.ttfts[static_cast<std::size_t>(column)]);
  return out + "</svg>\n";
}

}  // namespace loci::sim
