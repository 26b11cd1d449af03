// One HTTP request's generations: starts an engine request per prompt, gathers their events, and hands them
// to the API's writer in the order that it needs.
//
// Lives on the connection's strand. The engine thread only posts events there; the engine and the connection
// may each let go first, hence shared ownership. When the client goes away, all of the engine's requests are
// cancelled.
#pragma once

#include <memory>
#include <vector>

#include "server/auth.h"
#include "server/generation/answer_writer.h"
#include "server/generation/choice_reader.h"
#include "server/metrics.h"
#include "server/served_model.h"

namespace loci {

struct GenerationJob {
  GenerationRequest request;
  std::vector<std::vector<TokenId>> prompts;
  std::optional<int> default_max_tokens;  // where the request says nothing; absent: what the context has left
  std::string_view prompt_field = "prompt";  // for refusals
  AnswerSyntax syntax{};
  Principal caller{};
};

/// Answers `exchange` now or later, by `writer`; or returns the refusal, and then nothing of the job runs.
ApiResult<> start_generation(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                             GenerationJob job, std::unique_ptr<AnswerWriter> writer);

}  // namespace loci
