#include "cli/bench_serve_options.h"

#include <charconv>
#include <cmath>

#include "cli/validators.h"

namespace loci::cli {
namespace {

constexpr double kLongest = 1e7;  // seconds

void add_target(CLI::App& command, BenchServeOptions& o) {
  command.add_option("--url,--base-url", o.url, "the server: http://host:port")->capture_default_str();
  command.add_option("--endpoint", o.load.path, "path of completions or chats")->capture_default_str();
  command.add_option("--model", o.load.body.model, "name in the requests; default: the server's first");
  command.add_option("--api-key", o.api_key, "sent as Authorization: Bearer KEY");
  command.add_option("--header", o.headers, "'Name: value' (or Name=value) of every request; repeatable");
  command.add_option("--extra-body", o.extra_body, "JSON object whose fields go into every request");
  command.add_option("--request-timeout", o.request_timeout, "seconds for one request")
      ->capture_default_str()
      ->check(CLI::Range(0.001, kLongest));
  command
      .add_option("--retry", o.load.retries,
                  "times that a 429, 503 or 529 is tried again, after its Retry-After")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
}

void add_load(CLI::App& command, BenchServeOptions& o) {
  command.add_option("--duration", o.load.max_seconds, "seconds after which nothing more is sent")
      ->check(CLI::Range(0.001, kLongest));
  command.add_option("--warmup,--num-warmups", o.load.warmup, "requests before the start that do not count")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command.add_option("--tenants", o.tenants, "NAME=KEY:WEIGHT,...: API keys, reported apart");
  command.add_option("--priority", o.priorities, "VALUE:WEIGHT,...: field 'priority' of the requests");
}

void add_reports(CLI::App& command, BenchServeOptions& o) {
  command.add_option("--metric-percentiles", o.metric_percentiles, "such as 50,90,99")->capture_default_str();
  command.add_option("--percentile-metrics", o.percentile_metrics, "which are printed")
      ->capture_default_str();
  command.add_option("--label", o.label, "a name in the result");
  command.add_option("--save-result", o.save_result, "JSON file with the keys of vllm bench serve");
  command.add_flag("--save-detailed", o.save_detailed, "the JSON has an entry for each request too");
  command.add_option("--html", o.html, "page with tables and plots");
  command.add_flag("--disable-progress,--disable-tqdm", o.quiet, "no bar");
}

/// The parts of "a,b,c".
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, comma));
    if (comma == text.size()) return parts;
    text.remove_prefix(comma + 1);
  }
}

Result<double> parse_rate(std::string_view text) {
  if (text == "inf") return bench::kAllAtOnce;
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size() || !(rate > 0) || std::isinf(rate))
    return fail(ErrorCode::kInvalidArgument, "--request-rate: '{}' is neither a number above 0 nor inf",
                text);
  return rate;
}

Result<> read_priorities(BenchServeOptions& options) {
  auto priorities = bench::parse_weights(options.priorities);
  if (!priorities) return std::unexpected(std::move(priorities.error()).in("--priority"));
  for (const bench::Weighted& one : *priorities) {
    int value = 0;
    const auto [end, error] = std::from_chars(one.name.data(), one.name.data() + one.name.size(), value);
    if (error != std::errc() || end != one.name.data() + one.name.size())
      return fail(ErrorCode::kInvalidArgument, "--priority: '{}' is no whole number", one.name);
  }
  options.load.priorities = std::move(*priorities);
  return {};
}

Result<> read_extra_body(BenchServeOptions& options) {
  auto value = parse_json(options.extra_body);
  if (!value) return std::unexpected(std::move(value.error()).in("--extra-body"));
  if (!value->is_object()) return fail(ErrorCode::kInvalidArgument, "--extra-body: no JSON object");
  options.load.body.extra = value->get_object();
  return {};
}

}  // namespace

void add_workload_flags(CLI::App& command, BenchServeOptions& o) {
  bench::WorkloadOptions& w = o.workload;
  command.add_option("--dataset-name", w.dataset, fmt::format("one of {}", bench::kDatasets))
      ->capture_default_str();
  command.add_option("--dataset-path", w.file, "ShareGPT file (JSON) of the dataset sharegpt");
  command.add_option("--trace", w.trace, "file or folder of the dataset trace");
  command.add_option("--trace-speedup", w.trace_speedup, "the trace's time runs so many times as fast")
      ->capture_default_str();
  command.add_option("--mix", w.mix, "of the dataset mixed: NAME:WEIGHT,...");
  command.add_option("--input-len,--random-input-len", w.input_len, "tokens of a prompt (behind its prefix)");
  command.add_option("--output-len,--random-output-len", w.output_len, "tokens of an answer");
  command
      .add_option("--range-ratio,--random-range-ratio", w.range_ratio,
                  "lengths are uniform in [len * (1 - r), len * (1 + r)]")
      ->capture_default_str();
  command.add_option("--prefix-len,--random-prefix-len", w.prefix_len, "tokens that prompts share");
  command.add_option("--num-prefixes", w.num_prefixes, "different prefixes");
  command.add_option("--prefix-zipf", w.prefix_zipf,
                     "the k-th prefix is asked for as often as 1 / k^S; 0: all alike");
  command.add_option("--turns", w.turns, "of a session of multi-turn");
  command.add_option("--think-time", w.think_seconds, "mean seconds between the turns of a session")
      ->check(CLI::Range(0.0, kLongest));
  command.add_option("--seed", w.seed, "of arrivals, lengths and tokens")->capture_default_str();
  command.add_option("--prefix-seed", w.prefix_seed, "of shared prefixes: the same in every run by default")
      ->capture_default_str();
  command.add_option(
      "--tokenizer", o.tokenizer,
      "vocabulary (as for tokenize) that counts the tokens of recorded texts; default: bytes / 4");
}

void add_prompt_flags(CLI::App& command, BenchServeOptions& o) {
  command.add_option("--prompt-as", o.prompt_as, "ids or text; default: ids for completions, text for chats")
      ->check(CLI::IsMember({"ids", "text"}));
  command
      .add_option("--vocab-size", o.prompts.vocab_size,
                  "ids are drawn below; default: those that the server's /tokenize gives to common words")
      ->check(CLI::Range(0, 1 << 30));
  command
      .add_option("--tokens-per-word", o.prompts.tokens_per_word,
                  "of made text; default: as the server's /tokenize says")
      ->check(CLI::Range(0.01, 100.0));
  command.add_flag("--no-ignore-eos", o.no_ignore_eos, "answers may end before --output-len");
  command.add_option("--temperature", o.load.body.temperature, "0 is greedy; default: 0");
}

void add_arrival_flags(CLI::App& command, BenchServeOptions& o) {
  command.add_option("--num-prompts", o.load.num_requests, "requests at most")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 40));
  command
      .add_option("--max-concurrency", o.load.max_concurrency,
                  "requests in flight; without a rate as many users that ask again when answered")
      ->check(CLI::Range(1, 1 << 16));
  command.add_option("--request-rate", o.request_rate, "requests a second (open loop), or inf")
      ->capture_default_str();
  command
      .add_option("--burstiness", o.load.arrivals.burstiness,
                  "shape of the gamma distribution of gaps: 1 is a Poisson process, less is burstier")
      ->capture_default_str()
      ->check(CLI::Range(1e-3, 1e9));
  command.add_option("--goodput", o.goodput, "limits in ms, such as ttft:500 tpot:50 e2el:10000");
}

void add_bench_serve_options(CLI::App& command, BenchServeOptions& options) {
  add_target(command, options);
  add_workload_flags(command, options);
  add_prompt_flags(command, options);
  add_arrival_flags(command, options);
  add_load(command, options);
  add_reports(command, options);
}

Result<> read_texts(BenchServeOptions& options) {
  bench::LoadOptions& load = options.load;
  LOCI_TRY(load.server.url, bench::parse_url(options.url));
  for (const std::string& text : options.headers) {
    LOCI_TRY(auto header, bench::parse_header(text));
    load.server.headers.push_back(std::move(header));
  }
  if (!options.api_key.empty()) {
    LOCI_TRY(auto header, bench::parse_header("Authorization: Bearer " + options.api_key));
    load.server.headers.push_back(std::move(header));
  }
  if (!load.path.starts_with('/') || load.path.find_first_of(" \r\n") != std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "--endpoint: '{}' is no path", load.path);
  load.body.api = load.path.ends_with("/chat/completions") ? bench::Api::kChat : bench::Api::kCompletions;
  load.body.ignore_eos = !options.no_ignore_eos;
  if (!options.prompt_as.empty())
    options.prompts.form = options.prompt_as == "ids" ? bench::PromptForm::kIds : bench::PromptForm::kText;
  LOCI_TRY(load.arrivals.rate, parse_rate(options.request_rate));
  if (!options.priorities.empty()) LOCI_TRY_VOID(read_priorities(options));
  if (!options.extra_body.empty()) LOCI_TRY_VOID(read_extra_body(options));
  if (!options.tenants.empty()) {
    auto tenants = bench::parse_tenants(options.tenants);
    if (!tenants) return std::unexpected(std::move(tenants.error()).in("--tenants"));
    load.tenants = std::move(*tenants);
  }
  load.arrivals.seed = load.seed = options.workload.seed;
  load.keep_text = options.save_detailed;
  load.request_timeout =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.request_timeout));
  return {};
}

Result<std::vector<double>> parse_percentiles(std::string_view text) {
  std::vector<double> percentiles;
  for (const std::string_view part : split(text)) {
    double p = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), p);
    if (error != std::errc() || end != part.data() + part.size() || !(p >= 0 && p <= 100))
      return fail(ErrorCode::kInvalidArgument, "--metric-percentiles: '{}' is no number in 0..100", part);
    percentiles.push_back(p);
  }
  return percentiles;
}

Result<std::vector<std::string>> parse_metric_names(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view part : split(text)) {
    if (part != "ttft" && part != "tpot" && part != "itl" && part != "e2el")
      return fail(ErrorCode::kInvalidArgument, "--percentile-metrics: '{}' is none of ttft, tpot, itl, e2el",
                  part);
    names.emplace_back(part);
  }
  return names;
}

}  // namespace loci::cli
