// `loci bench model [MODEL]`: how fast this machine computes a model, prefill of a prompt and decode by
// batch, and how near that is to what its memory and its multipliers can do at all.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/json.h"
#include "base/processors.h"
#include "cli/bench.h"
#include "cli/model_timing.h"
#include "cli/roofline_options.h"
#include "cli/validators.h"
#include "kernels/timed_ops.h"

namespace loci::cli {
namespace {

constexpr int kMaxBatch = 4096;

struct BenchModel {
  ModelBenchOptions bench;
  std::string batches = "1,4,16,32";
  kernels::RooflineOptions roofline{.seconds = 0.25};  // on each of about ten figures
  bool json = false;
  bool by_op = false;
  bool load = false;
};

/// What all measurements of a run have in common.
struct Setting {
  std::string model;
  std::string_view format, kv_format;
  int prompt, generate, threads;
  int wanted_prompt, wanted_generate;  // before they were lowered to the context
  double read;                         // bytes a second
  kernels::Operands operands;
  double peak;  // operations a second
};

void print_heading(const Setting& s) {
  fmt::print("{}: {} weights, {} KV, {} threads, prompt of {} tokens, {} decoded\n", s.model, s.format,
             s.kv_format, s.threads, s.prompt, s.generate);
  if (s.prompt < s.wanted_prompt || s.generate < s.wanted_generate)
    fmt::print("lowered to the model's context from a prompt of {} and {} decoded\n", s.wanted_prompt,
               s.wanted_generate);
  fmt::print("this machine: {:.1f} GB/s read, {:.0f} GOP/s in {}\n\n", s.read / 1e9, s.peak / 1e9,
             kernels::operands_name(s.operands));
  fmt::print("{:<8}{:>6}{:>12}{:>12}{:>15}\n", "test", "batch", "tokens/s", "ms", "% of roofline");
}

void print_row(const ModelMeasurement& m) {
  fmt::print("{:<8}{:>6}{:>12.1f}{:>12.2f}{:>15.1f}\n", m.test, m.batch, m.tokens / m.seconds,
             m.seconds * 1e3, 100 * m.floor_seconds / m.seconds);
  std::fflush(stdout);
}

/// A line an op that ran, of all that the measurement computed (a prompt and its warming up, too).
void print_op_times() {
  double total = 0;
  for (const kernels::OpTime& time : kernels::op_times()) total += time.seconds;
  for (const kernels::OpTime& time : kernels::op_times())
    if (time.calls > 0)
      fmt::print("    {:<10}{:>8.1f} %{:>12.1f} ms{:>10} calls\n", time.op, 100 * time.seconds / total,
                 time.seconds * 1e3, time.calls);
  kernels::reset_op_times();
}

void print_json(const ModelMeasurement& m, const Setting& s) {
  fmt::print("{}\n", json::serialize(json::object{{"model", s.model},
                                                  {"test", m.test},
                                                  {"batch", m.batch},
                                                  {"prompt", s.prompt},
                                                  {"generate", s.generate},
                                                  {"wanted_prompt", s.wanted_prompt},
                                                  {"wanted_generate", s.wanted_generate},
                                                  {"tokens_per_second", m.tokens / m.seconds},
                                                  {"roofline_percent", 100 * m.floor_seconds / m.seconds},
                                                  {"format", s.format},
                                                  {"kv_format", s.kv_format},
                                                  {"threads", s.threads},
                                                  {"read_gb_per_second", s.read / 1e9},
                                                  {"peak", kernels::operands_name(s.operands)},
                                                  {"peak_gop_per_second", s.peak / 1e9}}));
  std::fflush(stdout);
}

void print_part(const LoadPart& part) {
  fmt::print("{:<12}{:>10.1f} ms", part.name, part.seconds * 1e3);
  if (part.bytes > 0)
    fmt::print("{:>10.1f} GB/s packed, {} bytes", static_cast<double>(part.bytes) / part.seconds / 1e9,
               part.bytes);
  fmt::print("\n");
}

void print_part_json(const LoadPart& part, int threads) {
  json::object line{{"test", "load"}, {"part", part.name}, {"seconds", part.seconds}, {"threads", threads}};
  if (part.bytes > 0) {
    line["bytes"] = part.bytes;
    line["gb_per_second"] = static_cast<double>(part.bytes) / part.seconds / 1e9;
  }
  fmt::print("{}\n", json::serialize(line));
}

/// --load: where the time until the first token goes.
Result<> bench_load(const BenchModel& command) {
  const ModelOptions& model = command.bench.model;
  LOCI_TRY(std::vector<LoadPart> parts, measure_load(model, command.bench.runs));
  double total = 0;
  for (const LoadPart& part : parts) total += part.seconds;
  parts.push_back({.name = "total", .seconds = total});
  const int threads = model.engine.threads > 0 ? model.engine.threads : available_processors();
  for (const LoadPart& part : parts) command.json ? print_part_json(part, threads) : print_part(part);
  return {};
}

Result<> bench_model(BenchModel& command) {
  ModelBenchOptions& options = command.bench;
  LOCI_TRY_VOID(options.model.apply());
  std::ranges::replace(command.batches, '\n', ',');
  options.batches = parse_numbers(command.batches, 1, kMaxBatch).value();  // checked on the command line
  if (command.load) return bench_load(command);
  LOCI_TRY(const LoadedModel loaded, LoadedModel::load(options.model.model, options.model.load_options()));
  const Model& model = loaded.model();
  const int wanted_prompt = options.prompt, wanted_generate = options.generate;
  LOCI_TRY(const MemoryPlan plan, plan_model_bench(model, options));
  const int wanted = options.model.engine.threads, threads = wanted > 0 ? wanted : available_processors();
  LOCI_TRY(const kernels::Roofline roofline, [&] {
    WorkerPool pool(threads);
    return kernels::measure_roofline(pool, command.roofline);
  }());
  const kernels::Isa isa = kernels::best_isa();
  const kernels::OpTable& ops =
      command.by_op ? kernels::timed(*kernels::ops_for(isa)) : *kernels::ops_for(isa);
  LOCI_TRY(const auto executor,
           LocalExecutor::create(model, {plan.kv, plan.kv_blocks, plan.workspace, threads, &ops}));
  ModelBench bench(model, *executor, plan, roofline, options);
  const Setting setting{.model = loaded.name(),
                        .format = traits(model.main_dtype()).name,
                        .kv_format = traits(plan.kv.dtype).name,
                        .prompt = options.prompt,
                        .generate = options.generate,
                        .threads = threads,
                        .wanted_prompt = wanted_prompt,
                        .wanted_generate = wanted_generate,
                        .read = roofline.read_bytes_per_second,
                        .operands = operands_of(model),
                        .peak = roofline.peak(operands_of(model), isa)};
  const auto print = [&](const ModelMeasurement& m) {
    command.json ? print_json(m, setting) : print_row(m);
    if (command.by_op && !command.json) print_op_times();
  };
  if (!command.json) print_heading(setting);
  print(bench.prefill());
  for (const int batch : options.batches) print(bench.decode(batch));
  return {};
}

}  // namespace

Command add_bench_model(CLI::App& bench) {
  auto options = std::make_shared<BenchModel>();
  options->bench.model.log_level = "error";
  CLI::App* model = bench.add_subcommand(
      "model",
      "prefill and decode of a model, in tokens a second and in percent of what this machine's memory and "
      "multipliers allow. The prompt is computed for one sequence, with the largest steps that "
      "--max-num-batched-tokens allows; the other sequences of a batch decode behind copies of its KV");
  add_model_argument(*model, options->bench.model);
  model->add_option("-p,--prompt", options->bench.prompt, "tokens of the prompt, behind which decode starts")
      ->capture_default_str()
      ->check(at_least(1));
  model->add_option("-n,--generate", options->bench.generate, "tokens to decode")
      ->capture_default_str()
      ->check(at_least(1));
  model->add_option("-b,--batch", options->batches, "sequences decoded together")
      ->check(numbers_between(1, kMaxBatch))
      ->join()  // by line ends: CLI11 also splits by what it joins with, and drops empty items
      ->capture_default_str();
  model->add_option("-r,--runs", options->bench.runs, "runs of the prefill, or of --load")
      ->capture_default_str()
      ->check(at_least(1));
  model->add_option("-t", options->bench.model.engine.threads, "as --threads")->check(CLI::Range(0, 1024));
  CLI::Option* json = model->add_flag("--json", options->json, "one JSON object a line");
  model->add_flag("--ops", options->by_op, "where the time goes, op by op; for people alone")->excludes(json);
  model->add_flag("--load", options->load, "instead: where the time from the start to the first token goes");
  add_roofline_options(*model, "roofline-", options->roofline);
  add_model_options(*model, options->bench.model);
  add_engine_options(*model, options->bench.model);
  return {model, [options] { return bench_model(*options); }};
}

}  // namespace loci::cli
