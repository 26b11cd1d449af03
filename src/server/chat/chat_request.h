// A chat as every API of the server means it: what chats, responses and messages are parsed into.
#pragma once

#include <string>

#include "server/openai/generation_request.h"
#include "text/chat_template.h"

namespace loci {

struct ToolChoice {
  enum class Mode { kAuto, kNone, kRequired, kNamed };
  Mode mode = Mode::kAuto;
  std::string function{};  // kNamed: one of the tools
};

struct ChatRequest {
  GenerationRequest generation;
  /// Without bos_token and eos_token. Every content is a string or null, the arguments of calls are objects,
  /// tools have OpenAI's shape: {"type": "function", "function": {"name", "description", "parameters"}}.
  ChatTemplateInput conversation;
  ToolChoice tool_choice;
  bool parallel_tool_calls = true;
  bool add_special_tokens = false;  // the template writes them
};

}  // namespace loci
