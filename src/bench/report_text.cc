// The table that users of `vllm bench serve` know, and below it what that one does not say.
#include <algorithm>

#include "bench/report.h"

namespace loci::bench {
namespace {

constexpr int kWidth = 50;

class Table {
 public:
  void heading(std::string_view text, char fill) {
    const std::string padded = text.empty() ? "" : fmt::format("{}", text);
    const int left = (kWidth - static_cast<int>(padded.size())) / 2;
    text_ += std::string(static_cast<std::size_t>(std::max(0, left)), fill) + padded;
    text_ +=
        std::string(static_cast<std::size_t>(std::max(0, kWidth - left - static_cast<int>(padded.size()))),
                    fill) +
        "\n";
  }
  void row(std::string_view name, double value) { text_ += fmt::format("{:<40} {:<10.2f}\n", name, value); }
  void row(std::string_view name, std::int64_t value) {
    text_ += fmt::format("{:<40} {:<10}\n", name, value);
  }
  void row(std::string_view name, int value) { row(name, std::int64_t{value}); }
  void line(std::string_view text) { text_.append(text).push_back('\n'); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

struct Metric {
  std::string_view key, name, heading;
  Statistics Summary::* statistics;
};

constexpr Metric kMetrics[] = {
    {"ttft", "TTFT", "Time to First Token", &Summary::ttft},
    {"tpot", "TPOT", "Time per Output Token (excl. 1st token)", &Summary::tpot},
    {"itl", "ITL", "Inter-token Latency", &Summary::itl},
    {"e2el", "E2EL", "End-to-end Latency", &Summary::e2el},
};

void add_throughput(const Report& report, Table& table) {
  const Summary& total = report.total;
  const double seconds = total.duration > 0 ? total.duration : 1;
  table.row("Successful requests:", total.completed);
  table.row("Failed requests:", total.failed);
  if (report.max_concurrency) table.row("Maximum request concurrency:", *report.max_concurrency);
  if (report.arrivals.rate != kAllAtOnce) table.row("Request rate configured (RPS):", report.arrivals.rate);
  table.row("Benchmark duration (s):", total.duration);
  table.row("Total input tokens:", total.input_tokens);
  if (total.has_cached_tokens) table.row("  of them from the server's cache:", total.cached_tokens);
  table.row("Total generated tokens:", total.output_tokens);
  table.row("Request throughput (req/s):", total.completed / seconds);
  if (!report.slo.empty()) {
    table.row("Request goodput (req/s):", total.goodput.classic_requests);
    table.row("Requests within the limits (%):", 100 * total.goodput.attained);
    table.row("Smooth goodput (req/s):", total.goodput.smooth_requests);
    table.row("Smooth goodput (tok/s):", total.goodput.smooth_tokens);
  }
  table.row("Output token throughput (tok/s):", static_cast<double>(total.output_tokens) / seconds);
  table.row("Peak output token throughput (tok/s):", total.peak_output_tokens);
  table.row("Peak concurrent requests:", total.peak_requests);
  table.row("Total token throughput (tok/s):",
            static_cast<double>(total.input_tokens + total.output_tokens) / seconds);
}

void add_statistics(const Report& report, const Statistics& values, std::string_view name, Table& table) {
  table.row(fmt::format("Mean {} (ms):", name), 1000 * values.mean());
  table.row(fmt::format("Median {} (ms):", name), 1000 * values.median());
  for (const double p : report.percentiles)
    table.row(fmt::format("P{} {} (ms):", percentile_name(p), name), 1000 * values.percentile(p));
}

void add_group(const Report& report, const Summary& group, std::string_view kind, Table& table) {
  table.heading(fmt::format("{} {}", kind, group.name), '-');
  table.row("Successful requests:", group.completed);
  table.row("Failed requests:", group.failed);
  table.row("Output token throughput (tok/s):",
            group.duration > 0 ? static_cast<double>(group.output_tokens) / group.duration : 0);
  if (!report.slo.empty()) table.row("Requests within the limits (%):", 100 * group.goodput.attained);
  for (const Metric& metric : kMetrics) {
    const Statistics& values = group.*metric.statistics;
    table.row(fmt::format("Median {} (ms):", metric.name), 1000 * values.median());
    table.row(fmt::format("P99 {} (ms):", metric.name), 1000 * values.percentile(99));
  }
}

void add_errors(const Summary& total, Table& table) {
  if (total.errors.empty()) return;
  table.heading("Errors", '-');
  for (const auto& [kind, errors] : total.errors) {
    table.row(kind + ":", errors.count);
    if (errors.with_retry_after > 0)
      table.row("  with Retry-After, mean (s):", errors.retry_after_sum / errors.with_retry_after);
  }
}

}  // namespace

std::string text_report(const Report& report) {
  Table table;
  table.heading(" Serving Benchmark Result ", '=');
  add_throughput(report, table);
  for (const Metric& metric : kMetrics) {
    if (std::ranges::find(report.metrics, metric.key) == report.metrics.end()) continue;
    table.heading(metric.heading, '-');
    add_statistics(report, report.total.*metric.statistics, metric.name, table);
  }
  if (report.open_loop || report.total.send_delay.percentile(99) > 0.001) {
    table.heading("Client-side Queueing", '-');
    add_statistics(report, report.total.send_delay, "Client Queue Time", table);
  }
  for (const Summary& group : report.by_tenant) add_group(report, group, "Tenant", table);
  for (const Summary& group : report.by_part) add_group(report, group, "Part", table);
  add_errors(report.total, table);
  table.heading("", '=');
  if (report.total.short_outputs > 0)
    table.line(fmt::format("{} answers have fewer tokens than were asked for", report.total.short_outputs));
  if (report.turns_not_sent > 0)
    table.line(fmt::format("{} turns were not sent: a turn before them failed", report.turns_not_sent));
  if (report.total.counted_by.contains("chunks"))
    table.line("the server told no usage: each chunk of the stream counts as one token");
  if (report.interrupted) table.line("interrupted: requests that were in flight do not count");
  return table.take();
}

}  // namespace loci::bench
