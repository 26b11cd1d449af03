// Which division of the machines serves most, over the plane of limits: TaiChi's argument (Wang et al. 2025)
// that aggregation wins where first tokens are urgent and the others are not, disaggregation where the others
// are, and a hybrid between them, as a map of this load.
//
// The machines are given. For each limit on the time per token every layout runs at rising rates; a cell of
// the map (a limit on the first token, one on the others) then has for each division the largest rate at
// which some layout of it still serves enough of the requests within both.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/json.h"
#include "sim/plan/trials.h"

namespace loci::sim {

struct RegionCell {
  double ttft, tpot;                     // limits, seconds
  std::array<double, 3> rates{};         // [Division] requests/s; 0: not even the least
  std::array<std::string, 3> layouts{};  // [Division] which of them
};

struct RegionMap {
  std::string model{}, hardware{}, provenance{};
  int machines = 0, simulated = 0;
  double attain = 0;
  std::vector<double> ttfts{}, tpots{}, rates{};  // ascending
  std::vector<RegionCell> cells{};                // by tpot, then ttft
};

/// Where cells lie, as multiples of the question's limits, and how many rates are tried, a fifth apart.
struct MapGrid {
  std::vector<double> ttft{0.25, 0.5, 1, 2, 4}, tpot{0.4, 0.7, 1, 1.5, 2.5};
  int rates = 11;  // the question's in the middle
};

/// With `question.max_machines` machines of the first kind of hardware, rates around `question.rate`, and
/// limits around those of the question, which must have both. Errors as of search().
Result<RegionMap> region_map(const Question& question, const Watcher& watcher = {}, const MapGrid& grid = {});

/// The divisions whose rate is within a rung of the best: "A", "AH", ... ; "-" where nothing serves.
std::string winners_of(const RegionCell& cell);

std::string map_text(const RegionMap& map);
json::object map_json(const RegionMap& map);
std::string map_svg(const RegionMap& map);

}  // namespace loci::sim
