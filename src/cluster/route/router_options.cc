#include "cluster/route/router_options.h"

#include <cmath>
#include <string_view>

namespace loci::cluster {
namespace {

struct Range {
  std::string_view name;
  double value, least, most;
};

Result<> check(const Range& range) {
  if (range.value >= range.least && range.value <= range.most) return {};  // false for NaN
  return std::unexpected(Error{ErrorCode::kInvalidArgument,
                               fmt::format("router option {}: {} is not within {}..{}", range.name,
                                           range.value, range.least, range.most),
                               std::string(range.name)});
}

}  // namespace

Result<> validate(const RouterOptions& options) {
  const Range ranges[] = {
      {"virtual_nodes", static_cast<double>(options.virtual_nodes), 1, 1000},
      {"bounded_load", options.bounded_load, 0, 1e6},
      {"prefix_blocks", static_cast<double>(options.prefix_blocks), 1, 1e6},
      {"max_remembered", static_cast<double>(options.max_remembered), 1, 1 << 24},
      {"memory_watermark", options.memory_watermark, 0, 1},
      {"prefill_weight", options.prefill_weight, 0, 1e6},
      {"temperature", options.temperature, 0, 1e6},
      {"ttft_slo", options.ttft_slo, 0, 1e6},
      {"tpot_slo", options.tpot_slo, 0, 1e6},
      {"balancing", options.balancing, 1, 1e6},
      {"dualmap.hot_share", options.dualmap.hot_share, 0, 1e6},
  };
  for (const Range& range : ranges) LOCI_TRY_VOID(check(range));
  return {};
}

}  // namespace loci::cluster
