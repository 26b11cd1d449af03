// From a chat to what the engine runs: the prompt rendered and tokenized, and how the answer is to be read.
#pragma once

#include "server/chat/chat_request.h"
#include "server/generation/generation_run.h"
#include "server/served_model.h"

namespace loci {

/// The field names of an API, for refusals.
struct ChatFields {
  std::string_view messages = "messages";
  std::string_view call_id_prefix = "call_";
};

/// The text that the model gets, with the beginning of its answer where a call is forced. Without tools for
/// tool_choice none: what the model does not know it cannot call.
ApiResult<std::string> render_prompt(const ServedModel& served, const ChatRequest& request,
                                     const ChatFields& fields = {});

ApiResult<GenerationJob> make_chat_job(const ServedModel& served, ChatRequest request,
                                       const ChatFields& fields = {});

}  // namespace loci
