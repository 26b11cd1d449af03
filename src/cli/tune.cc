// `loci tune [MODEL]`: the flags of `loci serve` under which this machine serves a load best. Two servers are
// measured for the time of their steps, flags are searched in the simulator (sim/tune/tune.h), and the best
// are served for real beside the defaults.
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/bench_serve_options.h"
#include "cli/command.h"
#include "cli/tune_report.h"
#include "cli/validators.h"
#include "lab/process.h"
#include "lab/run.h"
#include "sim/replay.h"

namespace loci::cli {
namespace {

struct TuneOptions {
  std::string model;
  BenchServeOptions bench;
  std::string kv_cache_memory = "1GiB";
  std::vector<std::string> serve;  // flags of every server
  int settings = 64, confirm = 3, repeats = 2;
  bool json = false;
  const CLI::App* load = nullptr;  // the flags of the load, as they were given
};

/// What goes on, on a terminal.
void say(std::string_view what) {
  if (::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r\x1b[K{}", what);
  std::fflush(stderr);
}

/// The load's flags as the user gave them, without those named.
std::vector<std::string> given_flags(const CLI::App& load, const std::vector<std::string>& without = {}) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : load.get_options()) {
    if (option->count() == 0 || std::ranges::find(without, option->get_name()) != without.end()) continue;
    for (const std::string& value : option->results())
      flags.push_back(fmt::format("{}={}", option->get_name(), value));
  }
  return flags;
}

class Tuner {
 public:
  Tuner(TuneOptions options, lab::ScratchFolder scratch)
      : options_(std::move(options)), scratch_(std::move(scratch)), place_{.program = "/proc/self/exe"} {}

  Result<TuneReport> run() {
    LOCI_TRY(question_.slo, bench::parse_slo(options_.bench.goodput));
    LOCI_TRY_VOID(check_flags());
    LOCI_TRY_VOID(read_texts(options_.bench));
    LOCI_TRY_VOID(measure_steps());
    set_load();
    TuneReport report{.model = options_.model.empty() ? "the embedded model" : options_.model,
                      .curve = question_.curve.provenance};
    LOCI_TRY(report.tuning,
             sim::tune(question_, [](int runs) { say(fmt::format("searching: {} simulated", runs)); }));
    LOCI_TRY(report.served, serve_best(report.tuning));
    say("");
    return report;
  }

 private:
  /// Knobs are what is searched: one that is fixed in --serve would be overruled.
  Result<> check_flags() const {
    if (question_.slo.empty())
      return fail(ErrorCode::kInvalidArgument,
                  "--goodput: give at least one limit, such as ttft:500 tpot:50");
    for (const std::string& flag : options_.serve)
      for (const sim::Knob& knob : sim::knobs())
        if (flag.substr(0, flag.find('=')) == knob.flag)
          return fail(ErrorCode::kInvalidArgument, "--serve: {} is what is searched for", knob.flag);
    if (options_.bench.load.max_concurrency && options_.bench.request_rate != "inf")
      return fail(ErrorCode::kInvalidArgument,
                  "--max-concurrency: with --request-rate the simulator has no such limit; give one of them");
    return {};
  }

  Result<json::object> serve(std::vector<std::string> flags, std::vector<std::string> load, int seed) const {
    lab::ServerSetup setup{.bench = std::move(load)};
    if (!options_.model.empty()) setup.serve.push_back(options_.model);
    setup.serve.insert(setup.serve.end(), options_.serve.begin(), options_.serve.end());
    setup.serve.push_back("--kv-cache-memory=" + options_.kv_cache_memory);
    setup.serve.insert(setup.serve.end(), flags.begin(), flags.end());
    LOCI_TRY(json::value report, lab::run_setup(setup, place_, {.repeat = seed}));
    return std::move(report.as_object());
  }

  /// The load under the defaults, and as many streams and rows at once as any setting has.
  Result<> measure_steps() {
    std::vector<sim::MeasuredStep> steps;
    say("measuring steps: the defaults");
    LOCI_TRY_VOID(measure_steps({}, given_flags(*options_.load), "usual", steps));
    say("measuring steps: large batches");
    auto crowd = given_flags(*options_.load, {"--request-rate", "--max-concurrency", "--burstiness"});
    if (options_.bench.workload.trace.empty()) crowd.push_back("--max-concurrency=64");
    LOCI_TRY_VOID(
        measure_steps({"--max-num-batched-tokens=2048", "--max-num-seqs=128", "--chunk-policy=fixed"},
                      std::move(crowd), "crowd", steps));
    LOCI_TRY(question_.curve, sim::fit_curve(steps));
    return {};
  }

  Result<> measure_steps(std::vector<std::string> flags, std::vector<std::string> load, std::string_view name,
                         std::vector<sim::MeasuredStep>& steps) {
    const std::string path = (scratch_ / name).string();
    flags.push_back("--step-log=" + path);
    LOCI_TRY_VOID(serve(std::move(flags), std::move(load), seed()));
    LOCI_TRY(const StepLog log, read_step_log(path));
    LOCI_TRY(sim::ReplayReport replayed, sim::replay(log));
    steps.insert(steps.end(), replayed.steps.begin(), replayed.steps.end());
    if (name == "usual") {
      question_.limits = log.limits;
      question_.config = log.config;
    }
    return {};
  }

  void set_load() {
    const bench::LoadOptions& load = options_.bench.load;
    question_.workload = options_.bench.workload;
    question_.clients = {.arrivals = load.arrivals,
                         .concurrency = load.max_concurrency,
                         .requests = load.num_requests,
                         .seed = options_.bench.workload.seed};
    question_.settings = options_.settings;
    question_.seed = options_.bench.workload.seed;
  }

  /// The simulator's best and the default, in turn, so that a machine whose speed moves is fair to all.
  Result<std::vector<ServedSetting>> serve_best(const sim::Tuning& tuning) const {
    std::vector<ServedSetting> all;
    for (const sim::TuneTrial& trial : tuning.trials) {
      const bool usual = trial.setting == sim::default_setting();
      if (usual || std::ssize(all) < options_.confirm) all.push_back({trial});
    }
    for (int run = 0; run < options_.repeats; ++run)
      for (std::size_t i = 0; i < all.size(); ++i) {
        say(fmt::format("serving setting {} of {}, run {} of {}", i + 1, all.size(), run + 1,
                        options_.repeats));
        LOCI_TRY_VOID(serve_once(all[i], run));
      }
    return all;
  }

  Result<> serve_once(ServedSetting& one, int run) const {
    auto load = given_flags(*options_.load, {"--seed"});
    load.push_back(fmt::format("--seed={}", seed() + run));
    LOCI_TRY(const json::object report, serve(sim::flags_of(one.simulated.setting), std::move(load), run));
    const auto number = [&](const char* key) { return report.at(key).to_number<double>(); };
    one.attained.push_back(number("slo_attainment"));
    one.goodput.push_back(number("request_goodput"));
    one.ttft.push_back(number("p99_ttft_ms") / 1e3);
    one.tpot.push_back(number("p99_tpot_ms") / 1e3);
    const bench::Slo& slo = question_.slo;
    double pressure = 0;
    if (slo.ttft) pressure = std::max(pressure, one.ttft.back() / *slo.ttft);
    if (slo.tpot) pressure = std::max(pressure, one.tpot.back() / *slo.tpot);
    if (slo.e2el) pressure = std::max(pressure, number("p99_e2el_ms") / 1e3 / *slo.e2el);
    one.pressure.push_back(pressure);
    return {};
  }

  int seed() const { return static_cast<int>(options_.bench.workload.seed); }

  TuneOptions options_;
  lab::ScratchFolder scratch_;
  lab::RunPlace place_;
  sim::TuneQuestion question_{};
};

Result<> run(const TuneOptions& options) {
  LOCI_TRY(lab::ScratchFolder scratch, lab::ScratchFolder::make());
  auto found = Tuner(options, std::move(scratch)).run();
  say("");
  LOCI_TRY(const TuneReport report, std::move(found));
  if (options.json) {
    fmt::print("{}\n", json::serialize(tune_json(report)));
  } else {
    fmt::print("{}", tune_text(report));
  }
  return {};
}

}  // namespace

Command add_tune(CLI::App& app) {
  auto options = std::make_shared<TuneOptions>();
  CLI::App* parser = app.add_subcommand(
      "tune", "The flags of `loci serve` that serve a load best here: searched, then served");
  parser->add_option("model", options->model, "as for serve; default: the embedded one");
  CLI::App* load = parser->add_option_group("load", "what is asked, as for `loci bench serve`");
  add_workload_flags(*load, options->bench);
  add_prompt_flags(*load, options->bench);
  add_arrival_flags(*load, options->bench);
  options->load = load;
  parser->add_option("--kv-cache-memory", options->kv_cache_memory, "KV memory of every server")
      ->capture_default_str();
  parser->add_option("--serve", options->serve, "a further flag of every server, as --serve=--threads=4")
      ->allow_extra_args(false);
  parser->add_option("--settings", options->settings, "settings that the search begins with")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  parser->add_option("--confirm", options->confirm, "of the best that are served for real")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  parser->add_option("--repeats", options->repeats, "runs of each of them")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  parser->add_flag("--json", options->json, "one JSON object instead of a table");
  return {parser, [options] { return run(*options); }};
}

}  // namespace loci::cli
