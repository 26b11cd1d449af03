#include "server/metrics.h"

#include <map>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "server/metrics_engine.h"

namespace loci {
namespace {

using prometheus::Counter;
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

  Histogram& histogram(const char* name, const char* help, const Histogram::BucketBoundaries& buckets) const {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, buckets);
  }
};

struct ModelMetrics {
  explicit ModelMetrics(const Maker& make)
      : first_token(make.histogram("vllm:time_to_first_token_seconds", "From the request to its first token.",
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

  Histogram &first_token, &inter_token, &request;
  std::map<FinishReason, Counter*> finished;
};

}  // namespace

struct Metrics::Families {
  Registry registry;
  prometheus::Family<Counter>& http_requests = prometheus::BuildCounter()
                                                   .Name("loci_http_requests_total")
                                                   .Help("HTTP requests answered, by route and status.")
                                                   .Register(registry);
  std::unique_ptr<ModelMetrics> model;
  std::string model_name;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::attach(std::string_view model_name) {
  families_->model_name = model_name;
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
  auto collected = families_->registry.Collect();
  if (stats != nullptr)
    for (auto& family : engine_metrics(*stats, families_->model_name)) collected.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(collected);
}

}  // namespace loci
