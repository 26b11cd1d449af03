// The flags of `loci serve` that `loci tune` turns. None of them changes a token (first law): what is tuned
// is time alone, so flags such as --kv-cache-dtype are not here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine_config.h"

namespace loci::sim {

struct Knob {
  std::string_view flag;            // "--max-num-seqs"
  std::vector<std::string> values;  // that are tried; of numbers, neighbours differ least
  std::string (*get)(const EngineConfig&);
  void (*set)(EngineConfig&, const std::string&);
};
std::span<const Knob> knobs();

/// [knob] index into its values.
using Setting = std::vector<int>;

/// What a server has whose flags were left alone.
Setting default_setting();
/// `base` with the knobs set so.
EngineConfig configured(EngineConfig base, const Setting& setting);
/// The flags that differ from the default: "--max-num-seqs=16".
std::vector<std::string> flags_of(const Setting& setting);

/// `count` different settings, the default first; each knob's values are spread evenly over them (Latin
/// hypercube, McKay et al. 1979). Fewer where there are not as many.
std::vector<Setting> spread_settings(int count, std::uint64_t seed);

}  // namespace loci::sim
