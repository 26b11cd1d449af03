// What a client may ask of sampling. Defaults are OpenAI's; ranges are checked by validate().
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace loci {

struct SamplingParams {
  float temperature = 1.0f;  // [0, 2]... 0 = greedy; any finite value >= 0 is taken
  int top_k = 0;             // keep the k most likely; 0 (or -1 at the API) = all
  float top_p = 1.0f;        // (0, 1]: nucleus, Holtzman et al. 2020
  float min_p = 0.0f;        // [0, 1]: drop tokens less likely than min_p times the most likely
  float repetition_penalty =
      1.0f;  // > 0: divides positive, multiplies negative logits of tokens seen (prompt and output)
  float presence_penalty = 0.0f;   // [-2, 2]: subtracted once from tokens in the output
  float frequency_penalty = 0.0f;  // [-2, 2]: subtracted once per occurrence in the output
  std::vector<std::pair<TokenId, float>> logit_bias{};  // added to logits; -100 bans, +100 forces
  std::uint64_t seed = 0;  // the request's; same seed, same tokens, under any load

  bool uses_history() const {
    return repetition_penalty != 1.0f || presence_penalty != 0.0f || frequency_penalty != 0.0f;
  }
};

/// kInvalidArgument with `field` set to the API's name of the first parameter out of range.
Result<> validate(const SamplingParams& params, int vocab_size);

}  // namespace loci
