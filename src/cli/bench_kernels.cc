// `loci bench kernels`: every op on every instruction set that this processor has, compared with the
// reference first, then timed, beside the limits of memory and multipliers.
#include <cmath>
#include <cstdio>
#include <memory>
#include <regex>

#include "base/json.h"
#include "base/processors.h"
#include "cli/bench.h"
#include "cli/kernel_timing.h"
#include "cli/roofline_options.h"

namespace loci::cli {
namespace {

using kernels::Isa;

struct KernelsBench {
  std::string filter;
  double seconds = 0.2;
  int threads = 0;
  bool json = false;
  kernels::RooflineOptions roofline{.seconds = 0.25};
};

struct KernelResult {
  const std::string& name;
  const kernels::OpTable& ops;
  double error;  // beside the reference
  bool right;    // the error is one that is allowed; only then what follows was measured
  CallSeconds seconds;
  kernels::Work work;
  double floor_seconds;
};

Result<std::regex> parse_filter(const std::string& text) {
  try {
    return std::regex(text, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    return fail(ErrorCode::kInvalidArgument, "--filter '{}': {}", text, error.what());
  }
}

void print_row(const KernelResult& r) {
  if (!r.right)
    fmt::print("{:<36}{:<8}DIFFERS from the reference by {:.2g}\n", r.name, r.ops.name, r.error);
  else
    fmt::print("{:<36}{:<8}{:>12.1f}{:>10.1f}{:>10.1f}{:>8.1f}\n", r.name, r.ops.name, r.seconds.median * 1e6,
               r.work.bytes / r.seconds.median / 1e9, r.work.operations / r.seconds.median / 1e9,
               100 * r.floor_seconds / r.seconds.median);
}

void print_json(const KernelResult& r, int threads) {
  json::object line{
      {"test", r.name},
      {"op", r.name.substr(0, r.name.find('/'))},
      {"isa", r.ops.name},
      {"threads", threads},
      {"right", r.right},
      {"reference_error", std::isfinite(r.error) ? json::value(r.error) : json::value(nullptr)}};
  if (r.right) {
    line["microseconds"] = r.seconds.median * 1e6;
    line["microseconds_quickest"] = r.seconds.quickest * 1e6;
    line["gb_per_second"] = r.work.bytes / r.seconds.median / 1e9;
    line["gop_per_second"] = r.work.operations / r.seconds.median / 1e9;
    line["roofline_percent"] = 100 * r.floor_seconds / r.seconds.median;
  }
  fmt::print("{}\n", json::serialize(line));
}

void print_heading(const kernels::Roofline& roofline) {
  fmt::print("this machine, {} threads: {:.1f} GB/s read", roofline.threads,
             roofline.read_bytes_per_second / 1e9);
  for (const auto operands : kernels::kAllOperands)
    fmt::print(", {:.0f} GOP/s {}", roofline.peak(operands, kernels::best_isa()) / 1e9,
               kernels::operands_name(operands));
  fmt::print("\n\n{:<36}{:<8}{:>12}{:>10}{:>10}{:>8}\n", "call", "isa", "us", "GB/s", "GOP/s", "% roof");
}

/// Whether the table has a function of its own for this call, or shares kAvx512's.
bool differs(Isa isa, const std::string& name) {
  const bool attention = name.starts_with("attention");
  if (isa == Isa::kAvx512Bf16) return attention || name.starts_with("matmul/BF16");
  return isa != Isa::kAmx || attention || name.starts_with("matmul/");
}

class Bench {
 public:
  Bench(const KernelsBench& options, const kernels::Roofline& roofline, WorkerPool& pool)
      : options_(options), roofline_(roofline), pool_(pool) {}

  /// On every instruction set whose name behind the case's own the filter lets through.
  Result<> measure(const NamedCase& named, const std::regex& filter) {
    std::unique_ptr<KernelCase> kernel;  // made when the first needs it: weights of a gigabyte take a while
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx2Vnni, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx}) {
      if (!differs(isa, named.name)) continue;
      const kernels::OpTable* ops = kernels::ops_for(isa);
      if (ops == nullptr || !std::regex_search(fmt::format("{}/{}", named.name, ops->name), filter)) continue;
      LOCI_TRY(const double error, error_beside_reference(named, *ops, pool_));
      KernelResult result{named.name, *ops, error, error <= named.error_allowed, {}, {}, 0};
      if (result.right) {
        if (kernel == nullptr) {
          LOCI_TRY(kernel, named.make({.small = false, .stream_bytes = stream_bytes()}, pool_));
        }
        result.seconds = time_calls(*kernel, *ops, pool_, options_.seconds);
        result.work = kernel->work();
        result.floor_seconds = kernels::floor_seconds(result.work, roofline_, isa);
      }
      options_.json ? print_json(result, pool_.size()) : print_row(result);
      std::fflush(stdout);
      ++measured_, wrong_ += result.right ? 0 : 1;
    }
    return {};
  }

  int measured() const { return measured_; }
  int wrong() const { return wrong_; }

 private:
  std::size_t stream_bytes() const {
    return options_.roofline.read_bytes > 0 ? options_.roofline.read_bytes : kernels::default_read_bytes();
  }

  const KernelsBench& options_;
  const kernels::Roofline& roofline_;
  WorkerPool& pool_;
  int measured_ = 0, wrong_ = 0;
};

Result<> bench_kernels(const KernelsBench& options) {
  LOCI_TRY(const std::regex filter, parse_filter(options.filter));
  WorkerPool pool(options.threads > 0 ? options.threads : available_processors());
  LOCI_TRY(const kernels::Roofline roofline, kernels::measure_roofline(pool, options.roofline));
  if (!options.json) print_heading(roofline);
  Bench bench(options, roofline, pool);
  for (const NamedCase& named : kernel_cases()) LOCI_TRY_VOID(bench.measure(named, filter));
  if (bench.wrong() > 0)
    return fail(ErrorCode::kCorrupt, "bench kernels: {} of {} calls differ from the reference", bench.wrong(),
                bench.measured());
  if (bench.measured() == 0)
    return fail(ErrorCode::kNotFound,
                "bench kernels: --filter '{}' matches no call that this processor can make", options.filter);
  return {};
}

}  // namespace

Command add_bench_kernels(CLI::App& bench) {
  auto options = std::make_shared<KernelsBench>();
  CLI::App* command = bench.add_subcommand("kernels",
                                           "every op on every instruction set, compared with the reference, "
                                           "then timed: GB/s, GOP/s and percent of "
                                           "what memory and multipliers allow");
  command->add_option("--filter", options->filter,
                      "a regular expression: only calls in whose OP/.../ISA it is found, such as "
                      "'matmul/Q4_0/.*avx512'");
  command->add_option("--seconds", options->seconds, "spent on each call")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 60.0));
  command->add_option("-t,--threads", options->threads, "0: one a core")->check(CLI::Range(0, 1024));
  command->add_flag("--json", options->json, "print one JSON object a line");
  add_roofline_options(*command, "roofline-", options->roofline);
  return {command, [options] { return bench_kernels(*options); }};
}

}  // namespace loci::cli
