#include "cli/kernel_timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace loci::cli {
namespace {

constexpr double kLeastSample = 50e-6;  // seconds: a thousand times the clock's own cost
constexpr int kFewestSamples = 5, kMostSamples = 2000;

template <class F>
double seconds_of(F&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Result<double> error_beside_reference(const NamedCase& named, const kernels::OpTable& ops, WorkerPool& pool) {
  const CaseSize small{.small = true, .stream_bytes = 0};
  LOCI_TRY(const auto reference, named.make(small, pool));
  LOCI_TRY(const auto candidate, named.make(small, pool));
  reference->run(*kernels::ops_for(kernels::Isa::kReference), pool);
  candidate->run(ops, pool);
  const std::vector<float> expected = reference->result(), actual = candidate->result();
  LOCI_CHECK(expected.size() == actual.size());
  double differences = 0, squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double want{expected[i]}, got{actual[i]};
    if (!std::isfinite(want) && !std::isfinite(got)) continue;
    if (!std::isfinite(want) || !std::isfinite(got)) return std::numeric_limits<double>::infinity();
    differences += (got - want) * (got - want), squares += want * want;
  }
  if (differences == 0) return 0;
  return squares > 0 ? std::sqrt(differences / squares) : std::numeric_limits<double>::infinity();
}

CallSeconds time_calls(KernelCase& kernel, const kernels::OpTable& ops, WorkerPool& pool, double seconds) {
  const auto sample = [&](int calls) {
    return seconds_of([&] {
             for (int i = 0; i < calls; ++i) kernel.run(ops, pool);
           }) /
           calls;
  };
  sample(1);  // page faults, workers that sleep
  const double once = std::max(sample(1), 1e-9);
  const int calls = std::max(1, static_cast<int>(kLeastSample / once));
  std::vector<double> times;
  for (double spent = 0; static_cast<int>(times.size()) < kFewestSamples ||
                         (spent < seconds && static_cast<int>(times.size()) < kMostSamples);) {
    times.push_back(sample(calls));
    spent += times.back() * calls;
  }
  std::ranges::sort(times);
  return {times[times.size() / 2], times.front()};
}

}  // namespace loci::cli
