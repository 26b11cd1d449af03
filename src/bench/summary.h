// A run in figures: what the table, the JSON and the page show.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/goodput.h"
#include "bench/request_result.h"
#include "bench/statistics.h"

namespace loci::bench {

/// Requests that ended in one kind of error.
struct ErrorCount {
  int count = 0;
  int with_retry_after = 0;
  double retry_after_sum = 0;  // seconds
};

struct Summary {
  std::string name{};  // of the tenant or the part of a mix; empty: the whole run
  double duration = 0;
  int requests = 0, completed = 0, failed = 0, retries = 0;
  std::int64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0;
  bool has_cached_tokens = false;  // the server told
  int short_outputs = 0;           // answers with fewer tokens than asked for
  Goodput goodput{};
  double peak_output_tokens = 0;  // of one second
  int peak_requests = 0;          // in flight at once
  std::map<std::string, ErrorCount> errors{};
  std::map<std::string, int> counted_by{};           // requests by how their tokens were counted
  Statistics ttft{{}}, tpot{{}}, itl{{}}, e2el{{}};  // seconds
  Statistics send_delay{{}};                         // of all that were sent, failed ones too
};

/// Of `requests` that were sent in a run of `duration` seconds.
Summary summarize(std::span<const RequestResult> requests, const Slo& slo, double duration);

}  // namespace loci::bench
