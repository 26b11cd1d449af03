#include "server/metrics_engine.h"

#include <limits>

namespace loci {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Collector {
 public:
  explicit Collector(std::string_view model_name) : model_name_(model_name) {}

  void gauge(const char* name, const char* help, double value) {
    begin(name, help, MetricType::Gauge);
    add("", "", value);
  }
  void counter(const char* name, const char* help, std::uint64_t value) {
    begin(name, help, MetricType::Counter);
    add("", "", static_cast<double>(value));
  }
  void histogram(const char* name, const char* help, const DurationCounts& durations);

  /// Several values that a label tells apart follow with add().
  void begin(const char* name, const char* help, MetricType type) {
    families_.push_back({name, help, type, {}});
  }
  void add(const char* label, std::string_view label_value, double value) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label.push_back({"model_name", model_name_});
    if (*label != '\0') metric.label.push_back({label, std::string(label_value)});
    metric.gauge.value = metric.counter.value = value;
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  const std::string model_name_;
  std::vector<MetricFamily> families_;
};

/// Bucket i counts what was below 2^i ms.
void Collector::histogram(const char* name, const char* help, const DurationCounts& durations) {
  begin(name, help, MetricType::Histogram);
  add("", "", 0);
  ClientMetric::Histogram& out = families_.back().metric.back().histogram;
  double bound = 1e-3;
  for (std::size_t i = 0; i < durations.counts.size(); ++i, bound *= 2) {
    out.sample_count += durations.counts[i];
    const bool last = i + 1 == durations.counts.size();
    out.bucket.push_back({out.sample_count, last ? std::numeric_limits<double>::infinity() : bound});
  }
  out.sample_sum = durations.sum_seconds;
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

void collect_load(const EngineStats& stats, Collector& out) {
  out.gauge("vllm:num_requests_running", "Sequences that hold KV memory.", stats.running);
  out.gauge("vllm:num_requests_waiting", "Sequences that wait to be run.", stats.waiting);
  out.gauge("vllm:kv_cache_usage_perc", "Part of the KV blocks that is in use; 1 is all.",
            ratio(stats.kv_blocks_used, stats.kv_blocks_total));
  out.gauge("loci_kv_blocks_used", "KV blocks in use.", stats.kv_blocks_used);
  out.gauge("loci_kv_blocks_total", "KV blocks that there are.", stats.kv_blocks_total);
  out.gauge("loci_kv_blocks_cached", "KV blocks that nobody uses now and that can be found again.",
            stats.kv_blocks_cached);
  out.gauge("loci_host_blocks_used", "Blocks of the host tier in use.", stats.host_blocks_used);
  out.gauge("loci_host_blocks_total", "Blocks of the host tier.", stats.host_blocks_total);
}

void collect_steps(const EngineCounters& counters, Collector& out) {
  out.counter("vllm:prompt_tokens_total", "Prompt tokens of accepted requests.", counters.prompt_tokens);
  out.counter("vllm:generation_tokens_total", "Tokens generated.", counters.generation_tokens);
  out.counter("vllm:num_preemptions_total", "Sequences that had to give their KV back.",
              counters.preemptions);
  out.counter("loci_engine_steps_total", "Steps of the engine.", counters.steps);
  out.counter("loci_computed_tokens_total", "Rows of all steps.", counters.computed_tokens);
  out.counter("loci_recomputed_tokens_total", "Rows whose KV had been lost by preemption.",
              counters.recomputed_tokens);
  out.counter("loci_swapped_sequences_total", "Preemptions that kept the KV in the host tier.",
              counters.swaps);
  out.counter("loci_forked_choices_total", "Choices and beams that began from the KV of another.",
              counters.forks);
  out.counter("loci_stalled_steps_total", "Steps in which a running sequence got no tokens for want of room.",
              counters.stalled_steps);
  out.gauge("loci_kv_pressure", "Part of all steps in which a running sequence was stalled.",
            ratio(static_cast<double>(counters.stalled_steps), static_cast<double>(counters.steps)));
  out.counter("loci_short_plans_total", "Slices of a plan for which there was no room after all: a mistake.",
              counters.short_plans);
  out.counter("loci_failed_steps_total", "Steps that could not be computed.", counters.failed_steps);
}

void collect_memory(const KvStats& kv, Collector& out) {
  out.counter("vllm:prefix_cache_queries_total", "Prompt tokens that were looked up in the prefix cache.",
              kv.queried_tokens);
  out.counter("vllm:prefix_cache_hits_total", "Prompt tokens that were found in it.", kv.hit_tokens);
  out.counter("loci_host_hit_tokens_total", "Of the tokens found, those that came back from the host tier.",
              kv.host_hit_tokens);
  out.counter("loci_kv_blocks_stored_total", "Blocks that the prefix cache took in.", kv.stored_blocks);
  out.counter("loci_kv_blocks_evicted_total", "Cached blocks that were given up.", kv.evicted_blocks);
  out.counter("loci_kv_blocks_demoted_total", "Blocks copied to the host tier.", kv.demoted_blocks);
  out.counter("loci_kv_blocks_promoted_total", "Blocks copied back from the host tier.", kv.promoted_blocks);
  out.counter("loci_kv_blocks_copied_on_write_total", "Blocks copied because others hold them too.",
              kv.copied_on_write);
  out.counter("loci_kv_blocks_merged_total", "Blocks whose content the cache had already.", kv.merged_blocks);
  out.counter("loci_kv_blocks_damaged_total", "Blocks that came back from the host tier changed: recomputed.",
              kv.damaged_blocks);
  out.histogram("loci_kv_reuse_gap_seconds", "From a block's last release until it is found again.",
                kv.reuse_gap);
  out.histogram("loci_kv_residency_seconds", "From a block's last release until it is given up.",
                kv.residency);
}

void collect_scheduling(const EngineStats& stats, Collector& out) {
  out.gauge("loci_predicted_wait_seconds", "That a request that came now is predicted to wait.",
            stats.predicted_wait);
  out.gauge("loci_expected_output_tokens", "That a choice is expected to generate, as the last ones did.",
            stats.expected_output);
  out.gauge("loci_cost_model_error", "Mean of |predicted - measured| / measured over the last steps.",
            stats.cost_error);
  constexpr const char* kTerms[] = {"step", "token", "kv_token", "attention_pair"};
  out.begin("loci_cost_model_seconds",
            "What the cost model takes a step, and each unit of its work, to cost.", MetricType::Gauge);
  for (std::size_t i = 0; i < stats.cost.size(); ++i) out.add("term", kTerms[i], stats.cost[i]);

  out.begin("loci_tenant_service", "Virtual time of a tenant: weighted tokens served, by its weight.",
            MetricType::Gauge);
  for (const TenantStats& tenant : stats.tenants) out.add("tenant", tenant.name, tenant.served);
  out.begin("loci_tenant_kv_blocks", "KV blocks that a tenant's sequences hold.", MetricType::Gauge);
  for (const TenantStats& tenant : stats.tenants) out.add("tenant", tenant.name, tenant.blocks);
  out.begin("loci_tenant_requests", "A tenant's requests that wait or run.", MetricType::Gauge);
  for (const TenantStats& tenant : stats.tenants) out.add("tenant", tenant.name, tenant.requests);
  out.begin("loci_tenant_predicted_wait_seconds",
            "That a request of a tenant that came now is predicted to wait.", MetricType::Gauge);
  for (const TenantStats& tenant : stats.tenants) out.add("tenant", tenant.name, tenant.predicted_wait);
}

}  // namespace

std::vector<MetricFamily> engine_metrics(const EngineStats& stats, std::string_view model_name) {
  Collector collector(model_name);
  collect_load(stats, collector);
  collect_steps(stats.counters, collector);
  collect_memory(stats.kv, collector);
  collect_scheduling(stats, collector);
  return collector.take();
}

}  // namespace loci
