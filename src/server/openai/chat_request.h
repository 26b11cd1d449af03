// The body of /v1/chat/completions, parsed.
#pragma once

#include "server/openai/generation_request.h"
#include "text/chat_template.h"

namespace loci {

struct ChatRequest {
  GenerationRequest generation;
  ChatTemplateInput conversation;   // without bos_token and eos_token; every content is a string or null
  bool add_special_tokens = false;  // the template writes them
};

Result<ChatRequest> parse_chat_request(const json::object& body, const ParseContext& context);

/// Reads messages, add_generation_prompt and chat_template_kwargs. Text parts become one string, joined by
/// newlines.
void read_conversation(FieldReader& fields, ChatTemplateInput& out);

}  // namespace loci
