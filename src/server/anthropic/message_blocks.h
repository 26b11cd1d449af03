// Anthropic's messages, whose contents are blocks, as the messages that chat templates read.
#pragma once

#include "server/openai/field_reader.h"
#include "text/chat_template.h"

namespace loci {

/// Reads `system` and `messages`. Tool results become messages of the role "tool"; messages of the user that
/// follow each other are one turn; the answer goes on with a last message of the assistant.
void read_message_blocks(FieldReader& fields, ChatTemplateInput& out);

}  // namespace loci
