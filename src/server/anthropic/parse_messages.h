// The bodies of /v1/messages and /v1/messages/count_tokens (Anthropic's Messages), parsed.
#pragma once

#include "server/chat/chat_request.h"

namespace loci {

/// `max_tokens` is required, and what exceeds the context means what the context has left: clients of this
/// API send the largest number that their model may write.
Result<ChatRequest> parse_messages_request(const json::object& body, const ParseContext& context);

/// The same without max_tokens: what a message would give to the model.
Result<ChatRequest> parse_count_tokens_request(const json::object& body, const ParseContext& context);

}  // namespace loci
