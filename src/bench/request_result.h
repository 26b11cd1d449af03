// What became of one request. Times are seconds from the start of the run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/completion_stream.h"

namespace loci::bench {

struct RequestResult {
  std::size_t number = 0;  // in the order of sending
  int part = 0, tenant = 0;
  std::size_t session = 0;
  int turn = 0;
  std::optional<int> priority{};

  double intended = 0;  // when it should have been sent; latency counts from here
  double sent = 0;      // when its first byte was
  double ended = 0;     // when it was over, one way or the other

  int planned_input = 0, planned_output = 0;            // tokens asked for; input 0: text of unknown length
  std::optional<int> prompt_tokens{}, cached_tokens{};  // as the server counts
  int output_tokens = 0;
  CountSource counted_by = CountSource::kChunks;
  std::vector<double> output_times{};  // of each chunk that brought output
  std::vector<int> output_counts{};    // tokens in each

  std::string error_kind{};             // empty: it was answered in full; else "timeout", "http_429", ...
  std::string error{};                  // in words
  std::optional<double> retry_after{};  // seconds, of a refusal
  int retries = 0;
  std::string text{};  // where it is kept

  bool ok() const { return error_kind.empty(); }
  int input_tokens() const { return prompt_tokens.value_or(planned_input); }
  double ttft() const { return output_times.front() - intended; }
  double latency() const { return output_times.back() - intended; }
  /// Seconds per token behind the first; 0 for an answer of one token.
  double tpot() const {
    return output_tokens > 1 ? (output_times.back() - output_times.front()) / (output_tokens - 1) : 0;
  }
};

}  // namespace loci::bench
