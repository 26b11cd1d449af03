// The body of /v1/chat/completions, parsed.
#pragma once

#include "server/chat/chat_request.h"

namespace loci {

Result<ChatRequest> parse_chat_request(const json::object& body, const ParseContext& context);

/// Reads messages, tools and what else goes to the chat template. Text parts become one string, joined by
/// newlines; the arguments of calls become objects.
void read_conversation(FieldReader& fields, ChatTemplateInput& out);

}  // namespace loci
