// `loci bench roofline`: this machine's limits, by number of threads: bytes read from memory a second, and
// the operations a second of every kind of multiplication that its processor has; and what sharing a loop
// among threads costs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/json.h"
#include "base/processors.h"
#include "cli/bench.h"
#include "cli/roofline_options.h"
#include "kernels/roofline.h"

namespace loci::cli {
namespace {

using kernels::Peak;
using kernels::Roofline;

struct RooflineBench {
  int threads = 0;
  kernels::RooflineOptions measure{.seconds = 0.5};
  bool json = false;
};

/// 1, 2, 4, ... and `most`.
std::vector<int> thread_counts(int most) {
  std::vector<int> counts;
  for (int threads = 1; threads < most; threads *= 2) counts.push_back(threads);
  counts.push_back(most);
  return counts;
}

/// What a loop over the threads costs that does nothing: the median of some hundred runs of it.
double seconds_of_an_empty_loop(WorkerPool& pool) {
  constexpr int kRuns = 301, kLoops = 100;
  std::vector<double> seconds;
  for (int run = 0; run < kRuns; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kLoops; ++i) pool.for_each_chunk(pool.size(), 1, [](int, int) {});
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    seconds.push_back(taken.count() / kLoops);
  }
  std::ranges::nth_element(seconds, seconds.begin() + kRuns / 2);
  return seconds[kRuns / 2];
}

void print_json(const Roofline& roofline, double loop) {
  const auto line = [](const json::object& object) { fmt::print("{}\n", json::serialize(object)); };
  line({{"test", "loop"}, {"threads", roofline.threads}, {"nanoseconds", loop * 1e9}});
  line({{"test", "read"},
        {"threads", roofline.threads},
        {"gb_per_second", roofline.read_bytes_per_second / 1e9}});
  for (const Peak& peak : roofline.peaks)
    line({{"test", kernels::operands_name(peak.operands)},
          {"threads", roofline.threads},
          {"extension", peak.extension},
          {"instruction", peak.instruction},
          {"gop_per_second", peak.operations_per_second / 1e9}});
}

void print_table(const Roofline& roofline, double loop) {
  fmt::print("{} thread{}\n", roofline.threads, roofline.threads == 1 ? "" : "s");
  fmt::print("  {:<5}{:<25}{:>8.0f} ns\n", "loop", "", loop * 1e9);
  fmt::print("  {:<5}{:<25}{:>8.1f} GB/s\n", "read", "", roofline.read_bytes_per_second / 1e9);
  for (const Peak& peak : roofline.peaks)
    fmt::print("  {:<5}{:<13}{:<12}{:>8.1f} GOP/s\n", kernels::operands_name(peak.operands), peak.extension,
               peak.instruction, peak.operations_per_second / 1e9);
}

Result<> bench_roofline(const RooflineBench& options) {
  const int most = options.threads > 0 ? options.threads : available_processors();
  for (const int threads : thread_counts(most)) {
    WorkerPool pool(threads);
    LOCI_TRY(const Roofline roofline, kernels::measure_roofline(pool, options.measure));
    const double loop = seconds_of_an_empty_loop(pool);
    options.json ? print_json(roofline, loop) : print_table(roofline, loop);
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

Command add_bench_roofline(CLI::App& bench) {
  auto options = std::make_shared<RooflineBench>();
  CLI::App* command = bench.add_subcommand("roofline",
                                           "this machine's limits: memory read a second, and multiplications "
                                           "in int8, BF16 and FP32 (a multiply-add "
                                           "counts as two operations); medians, by number of threads");
  command->add_option("-t,--threads", options->threads, "the largest number of threads; 0: one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  add_roofline_options(*command, "", options->measure);
  command->add_flag("--json", options->json, "print one JSON object a line");
  return {command, [options] { return bench_roofline(*options); }};
}

}  // namespace loci::cli
