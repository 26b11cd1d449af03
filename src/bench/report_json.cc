#include <cmath>

#include "bench/report.h"

namespace loci::bench {
namespace {

json::value number_or_word(double value) {
  if (std::isinf(value)) return "inf";  // as vLLM writes it: JSON has no infinity
  return value;
}

void add_statistics(const Report& report, const Statistics& values, std::string_view key, json::object& out) {
  const auto add = [&](std::string_view what, double seconds) {
    out[fmt::format("{}_{}_ms", what, key)] = 1000 * seconds;
  };
  add("mean", values.mean());
  add("median", values.median());
  add("std", values.deviation());
  for (const double p : report.percentiles) add("p" + percentile_name(p), values.percentile(p));
}

json::object errors_of(const Summary& summary) {
  json::object errors;
  for (const auto& [kind, count] : summary.errors) {
    json::object one{{"count", count.count}, {"with_retry_after", count.with_retry_after}};
    if (count.with_retry_after > 0)
      one["mean_retry_after_s"] = count.retry_after_sum / count.with_retry_after;
    errors[kind] = std::move(one);
  }
  return errors;
}

/// The keys that the whole and every part of it have.
void add_summary(const Report& report, const Summary& summary, json::object& out) {
  const double seconds = summary.duration > 0 ? summary.duration : 1;
  const auto rate = [&](auto count) { return static_cast<double>(count) / seconds; };
  out["duration"] = summary.duration;
  out["completed"] = summary.completed;
  out["failed"] = summary.failed;
  out["total_input_tokens"] = summary.input_tokens;
  out["total_output_tokens"] = summary.output_tokens;
  out["request_throughput"] = rate(summary.completed);
  out["request_goodput"] = report.slo.empty() ? json::value() : json::value(summary.goodput.classic_requests);
  out["output_throughput"] = rate(summary.output_tokens);
  out["total_token_throughput"] = rate(summary.input_tokens + summary.output_tokens);
  out["max_output_tokens_per_s"] = summary.peak_output_tokens;
  out["max_concurrent_requests"] = summary.peak_requests;
  if (!report.slo.empty()) {
    out["slo_attainment"] = summary.goodput.attained;
    out["smooth_request_goodput"] = summary.goodput.smooth_requests;
    out["smooth_token_goodput"] = summary.goodput.smooth_tokens;
  }
  out["total_cached_tokens"] = summary.has_cached_tokens ? json::value(summary.cached_tokens) : json::value();
  out["short_outputs"] = summary.short_outputs;
  out["retries"] = summary.retries;
  out["error_counts"] = errors_of(summary);
  for (const auto& [key, values] : {std::pair{"ttft", &summary.ttft},
                                    {"tpot", &summary.tpot},
                                    {"itl", &summary.itl},
                                    {"e2el", &summary.e2el},
                                    {"client_queue_time", &summary.send_delay}})
    add_statistics(report, *values, key, out);
}

json::object slo_of(const Slo& slo) {
  json::object out;
  if (slo.ttft) out["ttft"] = 1000 * *slo.ttft;
  if (slo.tpot) out["tpot"] = 1000 * *slo.tpot;
  if (slo.e2el) out["e2el"] = 1000 * *slo.e2el;
  return out;
}

void add_setting(const Report& report, json::object& out) {
  out["date"] = report.date;
  out["backend"] = "openai";
  out["endpoint_type"] = report.endpoint.ends_with("/chat/completions") ? "openai-chat" : "openai";
  out["label"] = report.label.empty() ? json::value() : json::value(report.label);
  out["model_id"] = report.model;
  out["tokenizer_id"] = report.model;  // the server's own: there is none here
  out["base_url"] = report.url;
  out["endpoint"] = report.endpoint;
  out["dataset_name"] = report.dataset;
  out["prompt_as"] = report.prompt_form;
  out["seed"] = report.seed;
  out["num_prompts"] = report.num_prompts;
  out["request_rate"] = report.timed_by_trace ? json::value("trace") : number_or_word(report.arrivals.rate);
  out["burstiness"] = number_or_word(report.arrivals.burstiness);
  out["max_concurrency"] = report.max_concurrency ? json::value(*report.max_concurrency) : json::value();
  out["loop"] = report.open_loop ? "open" : report.max_concurrency ? "closed" : "all at once";
  out["latency_counts_from"] = "intended send time";
  out["goodput_slo_ms"] = slo_of(report.slo);
  out["interrupted"] = report.interrupted;
}

json::object groups_of(const Report& report, const std::vector<Summary>& groups) {
  json::object out;
  for (const Summary& group : groups) {
    json::object one;
    add_summary(report, group, one);
    out[group.name] = std::move(one);
  }
  return out;
}

/// An entry for each request, in the order of sending; failed ones have empty times.
void add_details(const Report& report, json::object& out) {
  json::array inputs, outputs, ttfts, itls, latencies, starts, queues, texts, errors, cached, tenants;
  for (const RequestResult& request : report.requests) {
    const bool ok = request.ok();
    json::array gaps;
    for (std::size_t i = 1; ok && i < request.output_times.size(); ++i)
      gaps.push_back(request.output_times[i] - request.output_times[i - 1]);
    inputs.push_back(request.input_tokens());
    outputs.push_back(ok ? request.output_tokens : 0);
    ttfts.push_back(ok ? request.ttft() : 0);
    itls.push_back(std::move(gaps));
    latencies.push_back(ok ? request.latency() : 0);
    starts.push_back(request.sent);
    queues.push_back(request.sent - request.intended);
    texts.push_back(json::value(request.text));
    errors.push_back(json::value(ok ? "" : fmt::format("{}: {}", request.error_kind, request.error)));
    cached.push_back(request.cached_tokens.value_or(0));
    tenants.push_back(request.tenant);
  }
  out["input_lens"] = std::move(inputs);
  out["output_lens"] = std::move(outputs);
  out["ttfts"] = std::move(ttfts);
  out["itls"] = std::move(itls);
  out["latencies"] = std::move(latencies);
  out["start_times"] = std::move(starts);
  out["queue_times"] = std::move(queues);
  out["generated_texts"] = std::move(texts);
  out["errors"] = std::move(errors);
  out["cached_tokens"] = std::move(cached);
  if (report.tenants.size() > 1) out["tenant_of"] = std::move(tenants);
}

}  // namespace

json::object json_report(const Report& report, bool detailed) {
  json::object out;
  add_setting(report, out);
  add_summary(report, report.total, out);
  json::object counted;
  for (const auto& [source, requests] : report.total.counted_by) counted[source] = requests;
  out["output_tokens_counted_by"] = std::move(counted);
  out["turns_not_sent"] = report.turns_not_sent;
  if (!report.by_tenant.empty()) out["tenants"] = groups_of(report, report.by_tenant);
  if (!report.by_part.empty()) out["parts"] = groups_of(report, report.by_part);
  out["rtfx"] = 0.0;  // of audio
  if (detailed) add_details(report, out);
  return out;
}

}  // namespace loci::bench
