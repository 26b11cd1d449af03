// `loci bench serve`: load on any OpenAI-compatible server; the work is done in bench/.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/report.h"
#include "cli/bench.h"
#include "cli/bench_serve_options.h"
#include "cli/completion.h"
#include "text/open_tokenizer.h"

namespace loci::cli {
namespace {

constexpr Duration kAskLimit = std::chrono::seconds(30);

/// A bar on standard error, if that is a terminal.
class ProgressBar final : public bench::LoadObserver {
 public:
  explicit ProgressBar(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) != 0) {}

  void on_progress(const bench::LoadProgress& progress) override {
    const Time now = std::chrono::steady_clock::now();
    if (!shown_ || (now - drawn_at_ < std::chrono::milliseconds(100))) return;
    drawn_at_ = now;
    constexpr int kCells = 24;
    const std::size_t done = progress.completed + progress.failed;
    const auto full = static_cast<std::size_t>(kCells * done / std::max<std::size_t>(progress.planned, 1));
    fmt::print(stderr, "\r\x1b[K[{}{}] {} of {}  {:.0f} s  {:.1f} tokens/s  {} running  {} failed",
               std::string(full, '#'), std::string(kCells - full, '.'), done, progress.planned,
               progress.seconds,
               static_cast<double>(progress.output_tokens) / std::max(progress.seconds, 1e-9),
               progress.sent - done, progress.failed);
    std::fflush(stderr);
  }
  void end() {
    if (shown_ && drawn_at_ != Time{}) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const bool shown_;
  Time drawn_at_{};
};

Result<> write_text(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
  if (!file) return fail(ErrorCode::kIo, "{}: cannot be written", path);
  return {};
}

std::string date_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts)};
}

/// Counts tokens of recorded texts with the vocabulary of --tokenizer.
Result<> use_tokenizer(const std::string& path, bench::WorkloadOptions& workload) {
  LOCI_TRY(std::shared_ptr<const Tokenizer> tokenizer, open_tokenizer(path, ""));
  workload.counter = [tokenizer](std::string_view text) {
    return static_cast<int>(tokenizer->encode(text, {.add_special_tokens = false}).size());
  };
  return {};
}

Result<bench::Report> plan_report(const BenchServeOptions& options) {
  bench::Report report;
  report.date = date_now();
  report.url = options.url;
  report.endpoint = options.load.path;
  report.dataset = options.workload.dataset;
  report.label = options.label;
  report.seed = options.workload.seed;
  report.num_prompts = options.load.num_requests;
  report.arrivals = options.load.arrivals;
  report.max_concurrency = options.load.max_concurrency;
  LOCI_TRY(report.slo, bench::parse_slo(options.goodput));
  LOCI_TRY(report.percentiles, parse_percentiles(options.metric_percentiles));
  LOCI_TRY(report.metrics, parse_metric_names(options.percentile_metrics));
  for (const bench::Tenant& tenant : options.load.tenants) report.tenants.push_back(tenant.name);
  return report;
}

Result<> save(const BenchServeOptions& options, const bench::Report& report) {
  if (!options.save_result.empty())
    LOCI_TRY_VOID(
        write_text(options.save_result, json::serialize(json_report(report, options.save_detailed)) + "\n"));
  if (!options.html.empty()) LOCI_TRY_VOID(write_text(options.html, html_report(report)));
  return {};
}

Result<> bench_serve(BenchServeOptions options) {
  LOCI_TRY_VOID(read_texts(options));
  LOCI_TRY(bench::Report report, plan_report(options));
  if (!options.tokenizer.empty()) LOCI_TRY_VOID(use_tokenizer(options.tokenizer, options.workload));
  LOCI_TRY(const auto workload, bench::make_workload(options.workload));
  bench::ServerAddress asked = options.load.server;
  if (!options.load.tenants.empty() && !options.load.tenants.front().api_key.empty())
    asked.headers.emplace_back("Authorization", "Bearer " + options.load.tenants.front().api_key);
  if (options.load.body.model.empty()) {
    LOCI_TRY(options.load.body.model, bench::first_model(asked, kAskLimit));
  }
  LOCI_TRY(const std::string remark, choose_prompt_form(asked, options.prompts, options.load.body));
  if (!remark.empty()) fmt::print(stderr, "{}\n", remark);

  ProgressBar bar(!options.quiet);
  LOCI_TRY(bench::LoadRun run, bench::run_load(*workload, options.load, bar));
  bar.end();
  report.model = options.load.body.model;
  report.prompt_form = options.load.body.form == bench::PromptForm::kIds ? "token ids" : "text";
  report.parts = workload->parts();
  report.timed_by_trace = workload->timed();
  report.open_loop = run.open_loop;
  report.interrupted = run.interrupted;
  report.turns_not_sent = run.turns_not_sent;
  report.requests = std::move(run.requests);
  summarize(report, run.duration);
  print_text(text_report(report));
  LOCI_TRY_VOID(save(options, report));
  if (report.total.completed > 0) return {};
  if (report.requests.empty())
    return fail(ErrorCode::kUnavailable, "{} before any request was answered",
                report.interrupted ? "interrupted" : "ended");
  const bench::RequestResult& first = report.requests.front();
  return fail(ErrorCode::kUnavailable, "no request was answered; the first ended with {}: {}",
              first.error_kind, first.error);
}

}  // namespace

Command add_bench_serve(CLI::App& bench) {
  auto options = std::make_shared<BenchServeOptions>();
  CLI::App* command =
      bench.add_subcommand("serve", "load on an OpenAI-compatible server: latency, throughput");
  add_bench_serve_options(*command, *options);
  return {command, [options] { return bench_serve(*options); }};
}

}  // namespace loci::cli
