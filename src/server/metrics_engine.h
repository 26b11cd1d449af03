// What the engine counts, as Prometheus' metric families; a pure function of its statistics.
#pragma once

#include <prometheus/metric_family.h>
#include <string_view>
#include <vector>

#include "engine/live_engine.h"

namespace loci {

/// Under vLLM's names where it has one; each metric has the label model_name.
std::vector<prometheus::MetricFamily> engine_metrics(const EngineStats& stats, std::string_view model_name);

}  // namespace loci
