// The flags of `loci bench serve`; their names are those of `vllm bench serve` where it has a twin.
#pragma once

#include <string>
#include <vector>

#include "bench/load_generator.h"
#include "bench/prompt_form.h"
#include "bench/workload.h"
#include <CLI/CLI.hpp>

namespace loci::cli {

struct BenchServeOptions {
  std::string url = "http://127.0.0.1:8000";
  bench::WorkloadOptions workload{};
  bench::PromptFormOptions prompts{};
  bench::LoadOptions load{};
  bool no_ignore_eos = false;
  std::string prompt_as{}, api_key{}, extra_body{}, tenants{}, priorities{}, tokenizer{},
      request_rate = "inf";
  std::vector<std::string> headers{}, goodput{};
  std::string metric_percentiles = "99", percentile_metrics = "ttft,tpot,itl,e2el";
  std::string label{}, save_result{}, html{};
  bool save_detailed = false, quiet = false;
  double request_timeout = 21600;
};

/// `options` must live as long as the parser.
void add_bench_serve_options(CLI::App& command, BenchServeOptions& options);

// Those of them that say what is asked and when, for other commands that ask the same.
void add_workload_flags(CLI::App& command, BenchServeOptions& options);
void add_prompt_flags(CLI::App& command, BenchServeOptions& options);
void add_arrival_flags(CLI::App& command, BenchServeOptions& options);

/// What the flags' texts say, put into `options.load`; everything but what the server must be asked for.
/// kInvalidArgument names the flag.
Result<> read_texts(BenchServeOptions& options);

/// "50,99,99.9", each in [0, 100].
Result<std::vector<double>> parse_percentiles(std::string_view text);
/// "ttft,tpot": each one of ttft, tpot, itl, e2el.
Result<std::vector<std::string>> parse_metric_names(std::string_view text);

}  // namespace loci::cli
