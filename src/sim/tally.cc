#include "sim/tally.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace loci::sim {
namespace {

constexpr double kLeast = 1e-6, kStep = 0.002;  // the logarithm of the quotient of neighbouring buckets
constexpr double kMost = 7 * 86400.0;

std::size_t bucket_of(double value) {
  return static_cast<std::size_t>(std::log(std::clamp(value, kLeast, kMost) / kLeast) / kStep);
}

double middle_of(std::size_t bucket) {
  return kLeast * std::exp((static_cast<double>(bucket) + 0.5) * kStep);
}

}  // namespace

void Distribution::add(double value, std::uint64_t times) {
  const std::size_t bucket = bucket_of(value);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  buckets_[bucket] += times;
  count_ += times;
  sum_ += value * static_cast<double>(times);
  largest_ = std::max(largest_, value);
}

double Distribution::percentile(double p) const {
  if (count_ == 0) return 0;
  const double rank = p / 100 * static_cast<double>(count_ - 1);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    before += buckets_[i];
    if (static_cast<double>(before) > rank) return std::min(middle_of(i), largest_);
  }
  return largest_;
}

void Tally::add(const bench::RequestResult& request) {
  ++sent;
  last_end = std::max(last_end, request.ended);
  if (!request.ok()) {
    if (request.error_kind == "cancelled")
      ++cancelled;
    else
      ++(request.error_kind == "failed" ? failed : refused);
    return;
  }
  ++completed;
  input_tokens += static_cast<std::uint64_t>(request.input_tokens());
  cached_tokens += static_cast<std::uint64_t>(request.cached_tokens.value_or(0));
  output_tokens += static_cast<std::uint64_t>(request.output_tokens);
  ttft.add(request.ttft());
  e2e.add(request.latency());
  if (request.output_tokens > 1) tpot.add(request.tpot());
  for (std::size_t i = 1; i < request.output_times.size(); ++i)
    itl.add(request.output_times[i] - request.output_times[i - 1]);
  good += bench::meets(request, slo);
  worth += bench::worth(request, bench::smooth_options(slo));
}

std::map<std::string, double> Tally::metrics(double duration) const {
  const auto per_second = [duration](double count) { return duration > 0 ? count / duration : 0; };
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
  const auto of = [](std::uint64_t count) { return static_cast<double>(count); };
  std::map<std::string, double> out{
      {"requests", of(sent)},
      {"completed", of(completed)},
      {"refused", of(refused)},
      {"failed", of(failed)},
      {"cancelled", of(cancelled)},
      {"duration", duration},
      {"input_tokens", of(input_tokens)},
      {"output_tokens", of(output_tokens)},
      {"requests_per_second", per_second(of(completed))},
      {"output_tokens_per_second", per_second(of(output_tokens))},
      {"hit_ratio", share(of(cached_tokens), of(input_tokens))},
      {"goodput", per_second(of(good))},
      {"smooth_goodput", per_second(worth)},
      {"attained", share(of(good), of(sent))},
  };
  for (const auto& [name, values] :
       {std::pair{"ttft", &ttft}, {"tpot", &tpot}, {"itl", &itl}, {"e2e", &e2e}}) {
    const std::string prefix = std::string(name) + '.';
    out[prefix + "mean"] = values->mean();
    for (const int p : {50, 90, 95, 99}) out[prefix + "p" + std::to_string(p)] = values->percentile(p);
    out[prefix + "max"] = values->largest();
  }
  return out;
}

}  // namespace loci::sim
