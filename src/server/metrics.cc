#include "server/metrics.h"

#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace loci {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

// vLLM's buckets, in seconds, so that its dashboards show the same curves.
const Histogram::BucketBoundaries kFirstTokenBuckets{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                                     0.25,  0.5,   0.75, 1,    2.5,  5,    7.5,  10,
                                                     20,    40,    80,   160,  640,  2560};
const Histogram::BucketBoundaries kInterTokenBuckets{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
                                                     0.75, 1,     2.5,  5,     7.5, 10,   20,  40,  80};
const Histogram::BucketBoundaries kRequestBuckets{0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                                                  30,  40,  50,  60, 120, 240, 480, 960, 1920, 7680};

/// Registers one metric without further labels.
struct Maker {
  Registry& registry;
  Labels labels;

  Gauge& gauge(const char* name, const char* help) const {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
  }
  Counter& counter(const char* name, const char* help) const {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
  }
  Histogram& histogram(const char* name, const char* help, const Histogram::BucketBoundaries& buckets) const {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, buckets);
  }
};

struct ModelMetrics {
  explicit ModelMetrics(const Maker& make)
      : running(make.gauge("vllm:num_requests_running", "Sequences that hold KV memory.")),
        waiting(make.gauge("vllm:num_requests_waiting", "Sequences that wait to be run.")),
        kv_usage(make.gauge("vllm:kv_cache_usage_perc", "Part of the KV blocks that is in use; 1 is all.")),
        kv_blocks_used(make.gauge("loci_kv_blocks_used", "KV blocks in use.")),
        kv_blocks_total(make.gauge("loci_kv_blocks_total", "KV blocks that there are.")),
        prompt_tokens(make.counter("vllm:prompt_tokens_total", "Prompt tokens computed.")),
        generation_tokens(make.counter("vllm:generation_tokens_total", "Tokens generated.")),
        preemptions(make.counter("vllm:num_preemptions_total", "Sequences that had to give their KV back.")),
        steps(make.counter("loci_engine_steps_total", "Steps of the engine.")),
        first_token(make.histogram("vllm:time_to_first_token_seconds", "From the request to its first token.",
                                   kFirstTokenBuckets)),
        inter_token(make.histogram("vllm:inter_token_latency_seconds",
                                   "From one token of a choice to the next.", kInterTokenBuckets)),
        request(make.histogram("vllm:e2e_request_latency_seconds", "From the request to its last token.",
                               kRequestBuckets)) {
    auto& family = prometheus::BuildCounter()
                       .Name("vllm:request_success_total")
                       .Help("Choices that ended, by reason.")
                       .Register(make.registry);
    for (const FinishReason reason :
         {FinishReason::kStop, FinishReason::kLength, FinishReason::kAbort, FinishReason::kError}) {
      Labels labels = make.labels;
      labels["finished_reason"] = std::string(name(reason));
      finished[reason] = &family.Add(labels);
    }
  }

  Gauge &running, &waiting, &kv_usage, &kv_blocks_used, &kv_blocks_total;
  Counter &prompt_tokens, &generation_tokens, &preemptions, &steps;
  Histogram &first_token, &inter_token, &request;
  std::map<FinishReason, Counter*> finished;
};

void raise_to(Counter& counter, std::uint64_t value) {
  counter.Increment(static_cast<double>(value) - counter.Value());
}

void take_over(const EngineStats& stats, ModelMetrics& metrics) {
  metrics.running.Set(stats.running);
  metrics.waiting.Set(stats.waiting);
  metrics.kv_blocks_used.Set(stats.kv_blocks_used);
  metrics.kv_blocks_total.Set(stats.kv_blocks_total);
  metrics.kv_usage.Set(stats.kv_blocks_total > 0 ? double{1} * stats.kv_blocks_used / stats.kv_blocks_total
                                                 : 0);
  raise_to(metrics.prompt_tokens, stats.counters.prompt_tokens);
  raise_to(metrics.generation_tokens, stats.counters.generation_tokens);
  raise_to(metrics.preemptions, stats.counters.preemptions);
  raise_to(metrics.steps, stats.counters.steps);
}

}  // namespace

struct Metrics::Families {
  Registry registry;
  prometheus::Family<Counter>& http_requests = prometheus::BuildCounter()
                                                   .Name("loci_http_requests_total")
                                                   .Help("HTTP requests answered, by route and status.")
                                                   .Register(registry);
  std::unique_ptr<ModelMetrics> model;
  std::mutex rendering;  // counters follow the engine's totals: one at a time
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::attach(std::string_view model_name) {
  families_->model =
      std::make_unique<ModelMetrics>(Maker{families_->registry, {{"model_name", std::string(model_name)}}});
}

void Metrics::count_http_request(std::string_view route, int status) {
  families_->http_requests.Add({{"route", std::string(route)}, {"status", std::to_string(status)}})
      .Increment();
}

void Metrics::first_token(Duration since_request) {
  families_->model->first_token.Observe(seconds(since_request));
}

void Metrics::next_token(Duration since_previous) {
  families_->model->inter_token.Observe(seconds(since_previous));
}

void Metrics::finished(FinishReason reason, Duration since_request) {
  families_->model->finished.at(reason)->Increment();
  families_->model->request.Observe(seconds(since_request));
}

std::string Metrics::render(const EngineStats* stats) {
  const std::lock_guard lock(families_->rendering);
  if (stats != nullptr) take_over(*stats, *families_->model);
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace loci
