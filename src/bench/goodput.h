// Goodput in two definitions: how much of the work done was good for those who asked.
//
// Classic: requests a second that meet every limit (DistServe, Zhong et al. 2024; `vllm bench serve
// --goodput`). It can be gamed: a request that is certain to miss a limit is best dropped, and tokens held
// back and sent in even steps look better than the same tokens sent at once.
//
// Smooth: the formula is Loci's own. That a late answer should lose worth by degrees is the idea of
// "Revisiting SLO and Goodput Metrics in LLM Serving" (Wang et al. 2024, arXiv:2410.14257), whose formulas
// are not used. The user reads a token in V seconds, so token i of an answer is due at d_i = TTFT limit + i *
// V after the request. A reader who has read all that came waits; the idle time of a request is the sum of
// those waits, and that is how far its latest token is behind its due time: l = max_i(0, t_i - d_i). A
// complete answer of n tokens is worth n * f(l), with f(l) = 1 / (1 + l / L); one that is not complete is
// worth nothing. f never reaches 0, so that serving a late request is always better than dropping it, and
// holding a token back can only raise l.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/request_result.h"

namespace loci::bench {

/// Limits in seconds.
struct Slo {
  std::optional<double> ttft{}, tpot{}, e2el{};
  bool empty() const { return !ttft && !tpot && !e2el; }
};

/// Of "ttft:500", "tpot:50", "e2el:10000": milliseconds. kInvalidArgument names what is wrong.
Result<Slo> parse_slo(const std::vector<std::string>& limits);

/// Every limit is met. A limit on TPOT is met by an answer of one token.
bool meets(const RequestResult& request, const Slo& slo);

struct SmoothGoodputOptions {
  double first_token = 1;  // TTFT limit, seconds
  double reading = 0.1;    // V, seconds a token: ten tokens a second
  double halving = 1;      // L: the idle time that halves an answer's worth
};
/// The limits of an Slo where it has them, the defaults where not. L is the TTFT limit.
SmoothGoodputOptions smooth_options(const Slo& slo);

/// Seconds that the reader waited beyond the due times. Of an answered request.
double idle_seconds(const RequestResult& request, const SmoothGoodputOptions& options);
/// f(l): in (0, 1]; 0 where the request was not answered in full.
double worth(const RequestResult& request, const SmoothGoodputOptions& options);

struct Goodput {
  double classic_requests = 0;                    // a second
  double smooth_requests = 0, smooth_tokens = 0;  // a second, each weighted by its worth
  double attained = 0;                            // share of all requests that were sent and meet the limits
};
Goodput goodput(std::span<const RequestResult> requests, const Slo& slo, double seconds);

}  // namespace loci::bench
