// `loci plan`: the cheapest machines for a load and its limits, searched in virtual time.
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "base/named_table.h"
#include "cli/command.h"
#include "cli/progress_bar.h"
#include "cli/validators.h"
#include "sim/plan/plan_report.h"
#include "sim/plan/region_map.h"

namespace loci::cli {
namespace {

struct PlanOptions {
  sim::Question question;
  std::string model, rate, limits;
  std::vector<std::string> hardware;
  std::string html, map;
  bool json = false;
};

void add_workload(CLI::App& command, bench::WorkloadOptions& w) {
  command.add_option("--workload", w.dataset, fmt::format("one of {}", bench::kDatasets))
      ->capture_default_str();
  command.add_option("--input-len", w.input_len, "tokens of a prompt (behind its prefix)");
  command.add_option("--output-len", w.output_len, "tokens of an answer");
  command.add_option("--range-ratio", w.range_ratio, "lengths are uniform in [len * (1 - r), len * (1 + r)]")
      ->capture_default_str();
  command.add_option("--prefix-len", w.prefix_len, "tokens that prompts share");
  command.add_option("--num-prefixes", w.num_prefixes, "different prefixes");
  command.add_option("--prefix-zipf", w.prefix_zipf, "the k-th prefix is asked for as often as 1 / k^S");
  command.add_option("--turns", w.turns, "of a session of multi-turn");
  command.add_option("--dataset-path", w.file, "ShareGPT file (JSON) of the workload sharegpt");
  command.add_option("--trace", w.trace, "file or folder of the workload trace");
  command.add_option("--trace-speedup", w.trace_speedup, "the trace's time runs so many times as fast")
      ->capture_default_str();
  command.add_option("--mix", w.mix, "of the workload mixed: NAME:WEIGHT,...");
}

void add_options(CLI::App& command, PlanOptions& o) {
  sim::Question& q = o.question;
  command.add_option("--model", o.model, "one of " + names_of(sim::model_shapes()))->required();
  command
      .add_option("--gpu", o.hardware,
                  "machines to choose from, one kind an arrangement: " + names_of(sim::hardware_table()))
      ->required()
      ->delimiter(',');
  command.add_option("--rate", o.rate, "requests (sessions, where they have turns): 20/s, 90/min, 5000/h");
  command.add_option("--slo", o.limits, "limits: ttft:1s,tpot:50ms,e2el:30s")->required();
  command.add_option("--attain", q.attain, "share of the requests that must meet them")
      ->capture_default_str();
  command.add_option("--max-gpus", q.max_machines, "machines of an arrangement")->capture_default_str();
  command.add_option("--requests", q.requests, "of the longest runs; default: a minute's")
      ->check(at_least(1));
  command
      .add_option("--burstiness", q.burstiness,
                  "shape of the gamma distribution of gaps: 1 is a Poisson process, less is burstier")
      ->capture_default_str()
      ->check(CLI::Range(1e-3, 1e9));
  command.add_option("--seed", q.seed, "of arrivals, lengths and tokens")->capture_default_str();
  add_workload(command, q.workload);
  command.add_flag("--json", o.json, "one JSON object instead of text");
  command.add_option("--html", o.html, "page with plots");
  command.add_option("--map", o.map,
                     "instead: which division of --max-gpus machines serves most, over limits around --slo; "
                     "SVG file");
}

Result<> read_names(PlanOptions& options) {
  LOCI_TRY(options.question.model, find_named("--model", sim::model_shapes(), options.model));
  for (const std::string& name : options.hardware) {
    LOCI_TRY(const sim::Hardware* hardware, find_named("--gpu", sim::hardware_table(), name));
    options.question.hardware.push_back(hardware);
  }
  LOCI_TRY(options.question.slo, sim::parse_limits(options.limits));
  if (!options.rate.empty()) {
    LOCI_TRY(options.question.rate, sim::parse_rate(options.rate));
  }
  return {};
}

/// What is being simulated, on a terminal.
class Progress {
 public:
  void show(int tried, const std::string& what) {
    if (!is_terminal_) return;
    const std::string line = fmt::format("{} simulated; now {}", tried, what);
    fmt::print(stderr, "\r\x1b[K{}", line.substr(0, terminal_width() - 1));
    std::fflush(stderr);
  }
  void end() {
    if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
};

Result<> write_page(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (file) return {};
  return fail(ErrorCode::kIo, "{}: cannot be written", path);
}

Result<> draw_map(const PlanOptions& options) {
  Progress progress;
  auto drawn = sim::region_map(options.question,
                               [&](int tried, const std::string& what) { progress.show(tried, what); });
  progress.end();
  LOCI_TRY(const sim::RegionMap map, std::move(drawn));
  fmt::print("{}", options.json ? json::serialize(map_json(map)) + "\n" : map_text(map));
  return write_page(options.map, map_svg(map));
}

Result<> run(PlanOptions options) {
  LOCI_TRY_VOID(read_names(options));
  if (!options.map.empty()) return draw_map(options);
  Progress progress;
  auto found =
      sim::search(options.question, [&](int tried, const std::string& what) { progress.show(tried, what); });
  progress.end();
  LOCI_TRY(const sim::Plan plan, std::move(found));
  if (options.json) {
    fmt::print("{}\n", plan_json(plan));
  } else {
    fmt::print("{}", plan_text(plan));
  }
  if (!options.html.empty()) LOCI_TRY_VOID(write_page(options.html, plan_html(plan)));
  if (plan.winner) return {};
  return fail(ErrorCode::kUnavailable,
              "nothing of at most {} machines meets the limits for {:g} %: {:.1f} % came closest",
              plan.question.max_machines, 100 * plan.question.attain, 100 * plan.closest->attained);
}

}  // namespace

Command add_plan(CLI::App& app) {
  CLI::App* parser = app.add_subcommand(
      "plan", "The cheapest machines for a load and its limits, searched in the simulator");
  auto options = std::make_shared<PlanOptions>();
  add_options(*parser, *options);
  return {parser, [options] { return run(*options); }};
}

}  // namespace loci::cli
