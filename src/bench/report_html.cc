// The page: figures as tables, plots as SVG. No script, no font, no picture from elsewhere.
#include <algorithm>
#include <cmath>

#include "bench/page.h"
#include "bench/report.h"

namespace loci::bench {
namespace {

constexpr std::size_t kMaxDots = 3000;
constexpr int kTimeSteps = 150;         // of plots over time, at most
constexpr double kShortestStep = 0.05;  // seconds: shorter ones show the server's steps, not its speed

std::string arrivals_text(const Report& report) {
  if (report.timed_by_trace) return "at the times of the trace";
  const std::string cap =
      report.max_concurrency ? fmt::format(", at most {} in flight", *report.max_concurrency) : "";
  if (report.open_loop)
    return fmt::format("open loop, {} requests/s, burstiness {}{}", report.arrivals.rate,
                       report.arrivals.burstiness, cap);
  if (report.max_concurrency) return fmt::format("closed loop of {}", *report.max_concurrency);
  return "all at once";
}

Rows throughput_rows(const Report& report) {
  const Summary& total = report.total;
  const double seconds = total.duration > 0 ? total.duration : 1;
  const auto rate = [&](auto count) { return fmt::format("{:.2f}", static_cast<double>(count) / seconds); };
  Rows rows{{"", ""},
            {"Requests answered / failed", fmt::format("{} / {}", total.completed, total.failed)},
            {"Duration, s", fmt::format("{:.2f}", total.duration)},
            {"Requests/s", rate(total.completed)},
            {"Output tokens/s", rate(total.output_tokens)},
            {"Input and output tokens/s", rate(total.input_tokens + total.output_tokens)},
            {"Input tokens", fmt::format("{}", total.input_tokens)},
            {"Output tokens", fmt::format("{}", total.output_tokens)}};
  if (total.has_cached_tokens)
    rows.push_back({"Input tokens from the server's cache", fmt::format("{}", total.cached_tokens)});
  if (!report.slo.empty()) {
    rows.push_back(
        {"Goodput, requests/s within all limits",
         fmt::format("{:.2f} ({:.1f} %)", total.goodput.classic_requests, 100 * total.goodput.attained)});
    rows.push_back(
        {"Smooth goodput, requests/s and tokens/s",
         fmt::format("{:.2f}, {:.1f}", total.goodput.smooth_requests, total.goodput.smooth_tokens)});
  }
  return rows;
}

Rows latency_rows(const Report& report, const Summary& summary) {
  Rows rows{{"milliseconds", "mean", "std", "median"}};
  for (const double p : report.percentiles) rows[0].push_back("p" + percentile_name(p));
  rows[0].push_back("most");
  const auto add = [&](std::string name, const Statistics& values) {
    std::vector<std::string> row{std::move(name)};
    const auto cell = [&](double seconds) { row.push_back(fmt::format("{:.2f}", 1000 * seconds)); };
    cell(values.mean()), cell(values.deviation()), cell(values.median());
    for (const double p : report.percentiles) cell(values.percentile(p));
    cell(values.percentile(100));
    rows.push_back(std::move(row));
  };
  add("Time to first token", summary.ttft);
  add("Time per output token", summary.tpot);
  add("Between chunks", summary.itl);
  add("End to end", summary.e2el);
  add("Sent later than intended", summary.send_delay);
  return rows;
}

std::string groups(const Report& report, const std::vector<Summary>& summaries, std::string_view kind) {
  std::string out;
  for (const Summary& one : summaries)
    out += fmt::format("<h2>{} {}: {} answered, {} failed</h2>\n", kind, escape_html(one.name), one.completed,
                       one.failed) +
           table(latency_rows(report, one));
  return out;
}

Plot distribution(std::string title, const Summary& total, const std::vector<Summary>& parts,
                  Statistics Summary::* values) {
  Plot plot{std::move(title), "ms", "share of requests"};
  const auto add = [&](const Summary& summary) {
    std::vector<double> milliseconds = (summary.*values).sorted();
    for (double& value : milliseconds) value *= 1000;
    plot.series.push_back({summary.name, cumulative(milliseconds), Series::Style::kSteps});
  };
  if (parts.empty()) add(total);
  for (const Summary& part : parts) add(part);
  return plot;
}

/// Tokens a second, and requests that have been sent and not answered, over time.
std::pair<Plot, Plot> over_time(const Report& report) {
  const double step = std::max(report.total.duration / kTimeSteps, kShortestStep);
  const auto steps = static_cast<std::size_t>(report.total.duration / step) + 1;
  std::vector<double> tokens(steps), running(steps), waiting(steps);
  const auto slot = [&](double time) {
    return static_cast<std::size_t>(std::clamp(time / step, 0.0, static_cast<double>(steps - 1)));
  };
  for (const RequestResult& request : report.requests) {
    for (std::size_t i = 0; i < request.output_times.size(); ++i)
      tokens[slot(request.output_times[i])] += request.output_counts[i] / step;
    const bool answered = !request.output_times.empty();
    const std::size_t first = slot(answered ? request.output_times.front() : request.ended);
    for (std::size_t i = slot(request.intended); i < first; ++i) waiting[i] += 1;
    for (std::size_t i = first; answered && i <= slot(request.ended); ++i) running[i] += 1;
  }
  const auto points = [&](const std::vector<double>& values) {
    Points out;
    for (std::size_t i = 0; i < values.size(); ++i)
      out.emplace_back(static_cast<double>(i) * step, values[i]);
    return out;
  };
  return {
      Plot{"Output tokens per second", "seconds", "tokens/s", {{"", points(tokens), Series::Style::kSteps}}},
      Plot{"Requests",
           "seconds",
           "requests",
           {{"answering", points(running), Series::Style::kSteps},
            {"before the first token", points(waiting), Series::Style::kSteps}}}};
}

Plot first_tokens_over_time(const Report& report) {
  Plot plot{"Time to first token by intended send time", "seconds", "ms"};
  const std::size_t groups = std::max<std::size_t>(report.tenants.size(), 1);
  for (std::size_t i = 0; i < groups; ++i)
    plot.series.push_back({groups > 1 ? report.tenants[i] : "", {}, Series::Style::kDots});
  const std::size_t stride = report.requests.size() / kMaxDots + 1;
  for (std::size_t i = 0; i < report.requests.size(); i += stride) {
    const RequestResult& request = report.requests[i];
    if (request.ok())
      plot.series[static_cast<std::size_t>(request.tenant)].points.emplace_back(request.intended,
                                                                                1000 * request.ttft());
  }
  return plot;
}

Rows error_rows(const Summary& total) {
  Rows rows{{"error", "requests", "with Retry-After", "mean Retry-After, s"}};
  for (const auto& [kind, errors] : total.errors)
    rows.push_back({kind, fmt::format("{}", errors.count), fmt::format("{}", errors.with_retry_after),
                    errors.with_retry_after > 0
                        ? fmt::format("{:.1f}", errors.retry_after_sum / errors.with_retry_after)
                        : ""});
  return rows;
}

}  // namespace

std::string html_report(const Report& report) {
  const Summary& total = report.total;
  const auto& parts = report.by_tenant.empty() ? report.by_part : report.by_tenant;
  std::string out = fmt::format(
      "{}<p class=\"soft\">{}{}, {}; seed {}; prompts as {}; {} UTC. Latency counts from the intended "
      "send time.</p>\n",
      page_begin(fmt::format("{}: {}", report.model, report.dataset)), escape_html(report.url),
      escape_html(report.endpoint), escape_html(arrivals_text(report)), report.seed, report.prompt_form,
      report.date);
  out += table(throughput_rows(report));
  out += "<h2>Latency</h2>\n" + table(latency_rows(report, total));
  if (!total.errors.empty()) out += "<h2>Errors</h2>\n" + table(error_rows(total));
  out += "<h2>Plots</h2>\n<div class=\"plots\">\n";
  out += figure(distribution("Time to first token", total, parts, &Summary::ttft));
  out += figure(distribution("Time per output token", total, parts, &Summary::tpot));
  out += figure(distribution("End-to-end latency", total, parts, &Summary::e2el));
  out += figure(first_tokens_over_time(report));
  const auto [tokens, requests] = over_time(report);
  out += figure(tokens) + figure(requests) + "</div>\n";
  out += groups(report, report.by_tenant, "Tenant") + groups(report, report.by_part, "Part");
  return out.append(kPageEnd);
}

}  // namespace loci::bench
