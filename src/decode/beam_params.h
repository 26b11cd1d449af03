// What a client may ask of a beam search.
#pragma once

#include "base/error.h"
#include "decode/sampling_params.h"

namespace loci {

/// When a search ends before its last token, once it has as many finished hypotheses as beams (the values of
/// Hugging Face's `early_stopping`).
enum class EarlyStopping {
  kNever,  // when no live beam can still beat the worst of them: the result is that of searching to the end
  kHeuristic,  // "false": when the best live beam, if it ended now, would not beat the worst of them
  kFirst,      // "true": at once
};

struct BeamParams {
  double length_penalty = 1;  // [-10, 10]; above 0: longer hypotheses are not punished for their length
  EarlyStopping early_stopping = EarlyStopping::kNever;
};

/// kInvalidArgument with the API's name of the first field out of range, or of the first sampling parameter
/// that asks for something: beams are the likeliest by the model's own distribution. Temperature 0 is taken
/// like 1, for clients of servers that want it so.
Result<> validate(const BeamParams& params, const SamplingParams& sampling);

}  // namespace loci
