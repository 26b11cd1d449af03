#include "cluster/route/router_options.h"

#include "cluster/option_range.h"

namespace loci::cluster {

Result<> validate(const RouterOptions& options) {
  const OptionRange ranges[] = {
      {"virtual_nodes", static_cast<double>(options.virtual_nodes), 1, 1000},
      {"bounded_load", options.bounded_load, 0, 1e6},
      {"prefix_blocks", static_cast<double>(options.prefix_blocks), 1, 1e6},
      {"max_remembered", static_cast<double>(options.max_remembered), 1, 1 << 24},
      {"assumed_blocks", static_cast<double>(options.assumed_blocks), 0, 1 << 24},
      {"assumed_seconds", options.assumed_seconds, 0, 1e6},
      {"memory_watermark", options.memory_watermark, 0, 1},
      {"prefill_weight", options.prefill_weight, 0, 1e6},
      {"temperature", options.temperature, 0, 1e6},
      {"ttft_slo", options.ttft_slo, 0, 1e6},
      {"tpot_slo", options.tpot_slo, 0, 1e6},
      {"balancing", options.balancing, 1, 1e6},
      {"spill_seconds", options.spill_seconds, 0, 1e6},
      {"headroom", options.headroom, 0, 1},
      {"dualmap.hot_share", options.dualmap.hot_share, 0, 1e6},
  };
  return check_ranges("router option", ranges);
}

}  // namespace loci::cluster
