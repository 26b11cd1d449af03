// A request as the fleet knows it: from the client's asking to its one end, whatever replicas it meets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"
#include "engine/token_oracle.h"

namespace loci::sim {

enum class JobEnd { kComplete, kCancelled, kRefused, kFailed };

struct JobId {
  std::uint64_t number = 0;
  auto operator<=>(const JobId&) const = default;
};

/// What the client of a job hears. The end comes exactly once, behind all tokens.
class JobListener {
 public:
  virtual ~JobListener() = default;
  virtual void on_tokens(JobId job, std::span<const TokenId> tokens, Time now) = 0;
  virtual void on_end(JobId job, JobEnd end, int cached_tokens, Time now) = 0;
};

struct Job {
  Request request{};  // as it was asked for
  std::uint64_t session = 0;
  JobListener* listener = nullptr;
  Time arrival{};

  std::vector<BlockKey> keys{};  // of the prompt's whole blocks
  std::vector<TokenId> output{};
  OracleStream truth;     // knows the tokens that are to come
  TokenId expected = 0;   // the next of them
  int cached_tokens = 0;  // found where its prompt was first computed
  int moves = 0;          // places that it was in, beside the first

  RequestId id{};  // by which its replica knows it
  std::optional<Time> first_token{};
  int replica = -1;                  // where it is; -1: nowhere, between two places
  std::uint64_t stay = 0;            // rises with each place: what a former place says is not heard
  std::uint64_t copied_in_stay = 0;  // the place from which its KV is on its way elsewhere; 0: none
  int decode_on = -1;                // where it goes on when its prompt is computed; -1: where it is

  /// Prompt and output.
  std::vector<TokenId> known_tokens() const {
    std::vector<TokenId> tokens;
    tokens.reserve(request.prompt.size() + static_cast<std::size_t>(request.max_tokens));
    tokens.insert(tokens.end(), request.prompt.begin(), request.prompt.end());
    tokens.insert(tokens.end(), output.begin(), output.end());
    return tokens;
  }
  int remaining() const { return request.max_tokens - static_cast<int>(output.size()); }
};

}  // namespace loci::sim
