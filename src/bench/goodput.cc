#include "bench/goodput.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace loci::bench {

Result<Slo> parse_slo(const std::vector<std::string>& limits) {
  Slo slo;
  for (const std::string& limit : limits) {
    const std::size_t colon = std::min(limit.find(':'), limit.size());
    const std::string_view name = std::string_view(limit).substr(0, colon);
    std::optional<double>* const field = name == "ttft"   ? &slo.ttft
                                         : name == "tpot" ? &slo.tpot
                                         : name == "e2el" ? &slo.e2el
                                                          : nullptr;
    if (field == nullptr)
      return fail(ErrorCode::kInvalidArgument, "--goodput: '{}': '{}' is none of ttft, tpot, e2el", limit,
                  name);
    double milliseconds = 0;
    const char *begin = limit.data() + std::min(colon + 1, limit.size()), *end = limit.data() + limit.size();
    const auto [stop, error] = std::from_chars(begin, end, milliseconds);
    if (error != std::errc() || stop != end || !(milliseconds >= 0) || std::isinf(milliseconds))
      return fail(ErrorCode::kInvalidArgument, "--goodput: '{}': no number of milliseconds behind the colon",
                  limit);
    *field = milliseconds / 1000;
  }
  return slo;
}

bool meets(const RequestResult& request, const Slo& slo) {
  return request.ok() && (!slo.ttft || request.ttft() <= *slo.ttft) &&
         (!slo.tpot || request.tpot() <= *slo.tpot) && (!slo.e2el || request.latency() <= *slo.e2el);
}

SmoothGoodputOptions smooth_options(const Slo& slo) {
  SmoothGoodputOptions options;
  options.first_token = slo.ttft.value_or(options.first_token);
  options.reading = slo.tpot.value_or(options.reading);
  if (options.first_token > 0) options.halving = options.first_token;
  return options;
}

double idle_seconds(const RequestResult& request, const SmoothGoodputOptions& options) {
  double idle = 0;
  int tokens = 0;  // before the chunk
  for (std::size_t i = 0; i < request.output_times.size(); ++i) {
    const double due = request.intended + options.first_token + tokens * options.reading;
    idle = std::max(idle, request.output_times[i] - due);
    tokens += request.output_counts[i];
  }
  return idle;
}

double worth(const RequestResult& request, const SmoothGoodputOptions& options) {
  return request.ok() ? 1 / (1 + idle_seconds(request, options) / options.halving) : 0;
}

Goodput goodput(std::span<const RequestResult> requests, const Slo& slo, double seconds) {
  const SmoothGoodputOptions options = smooth_options(slo);
  Goodput sums;
  for (const RequestResult& request : requests) {
    if (meets(request, slo)) sums.classic_requests += 1;
    const double value = worth(request, options);
    sums.smooth_requests += value;
    sums.smooth_tokens += value * request.output_tokens;
  }
  if (!requests.empty()) sums.attained = sums.classic_requests / static_cast<double>(requests.size());
  if (!(seconds > 0)) return {};
  return {sums.classic_requests / seconds, sums.smooth_requests / seconds, sums.smooth_tokens / seconds,
          sums.attained};
}

}  // namespace loci::bench
