// What /metrics says about the engine.
#include "server/metrics_engine.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace loci {
namespace {

std::string rendered(const EngineStats& stats) {
  return prometheus::TextSerializer().Serialize(engine_metrics(stats, "m"));
}

TEST(EngineMetrics, AreWhatTheEngineCounts) {
  EngineStats stats;
  stats.running = 3;
  stats.kv_blocks_used = 5;
  stats.kv_blocks_total = 20;
  stats.kv_blocks_cached = 7;
  stats.counters.steps = 8;
  stats.counters.stalled_steps = 2;
  stats.counters.recomputed_tokens = 11;
  stats.counters.short_plans = 4;
  stats.counters.failed_steps = 6;
  stats.expected_output = 120;
  stats.kv.queried_tokens = 100;
  stats.kv.hit_tokens = 60;
  stats.cost = {0.5, 0.25, 0, 0};
  stats.tenants = {{.name = "shop", .served = 42, .blocks = 5, .requests = 1}};
  const std::string text = rendered(stats);
  for (const char* line :
       {"vllm:num_requests_running{model_name=\"m\"} 3", "vllm:kv_cache_usage_perc{model_name=\"m\"} 0.25",
        "loci_kv_blocks_cached{model_name=\"m\"} 7", "loci_kv_pressure{model_name=\"m\"} 0.25",
        "loci_recomputed_tokens_total{model_name=\"m\"} 11", "loci_short_plans_total{model_name=\"m\"} 4",
        "loci_failed_steps_total{model_name=\"m\"} 6",
        "vllm:prefix_cache_queries_total{model_name=\"m\"} 100",
        "vllm:prefix_cache_hits_total{model_name=\"m\"} 60",
        "loci_expected_output_tokens{model_name=\"m\"} 120",
        "loci_cost_model_seconds{model_name=\"m\",term=\"token\"} 0.25",
        "loci_tenant_service{model_name=\"m\",tenant=\"shop\"} 42",
        "loci_tenant_requests{model_name=\"m\",tenant=\"shop\"} 1"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(EngineMetrics, HistogramsAreCumulative) {
  EngineStats stats;
  stats.kv.reuse_gap.add(std::chrono::microseconds(500));
  stats.kv.reuse_gap.add(std::chrono::microseconds(1500));
  stats.kv.reuse_gap.add(std::chrono::hours(24 * 365));
  const std::string text = rendered(stats);
  for (const char* line : {"loci_kv_reuse_gap_seconds_bucket{model_name=\"m\",le=\"0.001\"} 1",
                           "loci_kv_reuse_gap_seconds_bucket{model_name=\"m\",le=\"0.002\"} 2",
                           "loci_kv_reuse_gap_seconds_bucket{model_name=\"m\",le=\"+Inf\"} 3",
                           "loci_kv_reuse_gap_seconds_count{model_name=\"m\"} 3"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(EngineMetrics, NothingCountedIsZeroAndNotInfinite) {
  EXPECT_NE(rendered({}).find("vllm:kv_cache_usage_perc{model_name=\"m\"} 0\n"), std::string::npos);
}

}  // namespace
}  // namespace loci
