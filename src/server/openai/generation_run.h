// One HTTP request's generations: starts an engine request per prompt, gathers their events and writes the
// answer, whole or as a stream.
//
// Lives on the connection's strand. The engine thread only posts events there; the engine and the connection
// may each let go first, hence shared ownership. When the client goes away, all of the engine's requests are
// cancelled.
#pragma once

#include <memory>
#include <vector>

#include "server/metrics.h"
#include "server/openai/choice.h"
#include "server/served_model.h"

namespace loci {

struct GenerationJob {
  GenerationRequest request;
  std::vector<std::vector<TokenId>> prompts;
  std::vector<EchoedPrompt> echoes;       // [prompts], or empty: no echo
  std::optional<int> default_max_tokens;  // where the request says nothing; absent: what the context has left
  bool show_prompt_logprobs = false;
  const ResponseShape* shape = &kCompletionShape;
  std::string_view prompt_field = "prompt";  // for refusals
};

/// Answers `exchange` now or later; or returns the refusal, and then nothing of the job runs.
ApiResult<> start_generation(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                             GenerationJob job);

}  // namespace loci
