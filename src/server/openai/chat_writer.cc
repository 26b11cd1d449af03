// The answers of /v1/chat/completions: reasoning and tool calls as OpenAI and vLLM return them.
#include "server/openai/choice_json.h"
#include "server/openai/json_text.h"
#include "server/openai/openai_writer.h"

namespace loci {
namespace {

/// "token": ..., "logprob": ..., "bytes": [...]
void append_token(const Tokenizer& tokenizer, const TokenLogprob& entry, std::string& out) {
  out += "\"token\":";
  append_json_string(token_text(tokenizer, entry.token), out);
  out += ",\"logprob\":";
  append_logprob(entry.logprob, out);
  fmt::format_to(std::back_inserter(out), ",\"bytes\":[");
  const std::string_view bytes = tokenizer.token_bytes(entry.token);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{}", i > 0 ? "," : "", static_cast<unsigned char>(bytes[i]));
  out += ']';
}

void append_logprobs(const ChoicePart& part, const Tokenizer& tokenizer, std::string& out) {
  out += "{\"content\":[";
  bool first = true;
  for (const OutputToken& token : part.tokens) {
    if (!token.logprobs) continue;
    out += first ? "{" : ",{";
    first = false;
    append_token(tokenizer, token.logprobs->chosen, out);
    out += ",\"top_logprobs\":[";
    for (std::size_t i = 0; i < token.logprobs->top.size(); ++i) {
      out += i > 0 ? ",{" : "{";
      append_token(tokenizer, token.logprobs->top[i], out);
      out += '}';
    }
    out += "]}";
  }
  out += "]}";
}

/// Under both names: vLLM's and OpenRouter's of today, and the one of DeepSeek, llama.cpp and older vLLM.
void append_reasoning(std::string_view text, std::string& out) {
  for (const char* field : {"\"reasoning\":", "\"reasoning_content\":"}) {
    if (out.back() != '{') out += ',';
    out += field;
    append_json_string(text, out);
  }
}

/// "id": ..., "type": "function", "function": {...}
void append_call(const ToolCallDelta& call, std::string& out) {
  out += "\"id\":";
  append_json_string(call.id, out);
  out += ",\"type\":\"function\",\"function\":{\"name\":";
  append_json_string(call.name, out);
  out += ",\"arguments\":";
  append_json_string(call.arguments, out);
  out += "}";
}

/// {"role": "assistant", ...}. What an answer is besides reasoning and calls may be null.
void append_message(const AnswerDelta& said, std::string& out) {
  out += "{\"role\":\"assistant\",\"content\":";
  if (said.content.empty() && (!said.tool_calls.empty() || !said.reasoning.empty())) {
    out += "null";
  } else {
    append_json_string(said.content, out);
  }
  if (!said.reasoning.empty()) append_reasoning(said.reasoning, out);
  if (!said.tool_calls.empty()) {
    out += ",\"tool_calls\":[";
    for (std::size_t i = 0; i < said.tool_calls.size(); ++i) {
      out += i > 0 ? ",{" : "{";
      append_call(said.tool_calls[i], out);
      out += '}';
    }
    out += ']';
  }
  out += '}';
}

/// The deltas of one call's progress, as OpenAI sends them: its name with empty arguments, then more of
/// these.
void append_call_deltas(const ToolCallDelta& call, std::vector<std::string>& out) {
  if (!call.name.empty()) {
    std::string& delta = out.emplace_back(fmt::format("{{\"tool_calls\":[{{\"index\":{},", call.index));
    append_call({.index = call.index, .id = call.id, .name = call.name, .arguments = {}}, delta);
    delta += "}]}";
  }
  if (!call.arguments.empty()) {
    std::string& delta = out.emplace_back(
        fmt::format("{{\"tool_calls\":[{{\"index\":{},\"function\":{{\"arguments\":", call.index));
    append_json_string(call.arguments, delta);
    delta += "}}]}";
  }
}

/// What has come as deltas that carry one thing each, which is what clients are used to.
std::vector<std::string> deltas_of(const AnswerDelta& said) {
  std::vector<std::string> deltas;
  if (!said.reasoning.empty()) {
    std::string& delta = deltas.emplace_back("{");
    append_reasoning(said.reasoning, delta);
    delta += '}';
  }
  if (!said.content.empty()) {
    std::string& delta = deltas.emplace_back("{\"content\":");
    append_json_string(said.content, delta);
    delta += '}';
  }
  for (const ToolCallDelta& call : said.tool_calls) append_call_deltas(call, deltas);
  return deltas;
}

class ChatWriter final : public OpenAiWriter {
 public:
  explicit ChatWriter(OpenAiAnswer answer)
      : OpenAiWriter(std::move(answer), {"chatcmpl-", "chat.completion", "chat.completion.chunk"}) {}

 private:
  void append_opening(int index, std::string& out) const override;
  void append_whole(const Choice& choice, std::string& out) const override;
  void append_usage(const AnswerUsage& usage, std::string& out) const override {
    append_chat_usage(usage, out);
  }
  std::vector<std::string> chunks(Choice& choice) override;
  /// "logprobs": ..., "finish_reason": ..., what follows a message or delta.
  void append_rest(const ChoicePart& part, bool called, std::string& out) const;
};

void ChatWriter::append_opening(int index, std::string& out) const {
  fmt::format_to(std::back_inserter(out),
                 "{{\"index\":{},\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"logprobs\":null,"
                 "\"finish_reason\":null}}",
                 index);
}

void ChatWriter::append_rest(const ChoicePart& part, bool called, std::string& out) const {
  out += ",\"logprobs\":";
  if (answer().logprobs && (!answer().stream || !part.tokens.empty())) {
    append_logprobs(part, tokenizer(), out);
  } else {
    out += "null";
  }
  out += ',';
  const std::string_view reason = !part.finish                                    ? ""
                                  : called && *part.finish == FinishReason::kStop ? "tool_calls"
                                                                                  : name(*part.finish);
  append_finish(reason, part, out);
  if (answer().show_prompt_logprobs) append_prompt_logprobs(part, tokenizer(), out);
  out += '}';
}

void ChatWriter::append_whole(const Choice& choice, std::string& out) const {
  fmt::format_to(std::back_inserter(out), "{{\"index\":{},\"message\":", choice.part.index);
  append_message(choice.part.delta, out);
  append_rest(choice.part, !choice.part.delta.tool_calls.empty(), out);
}

/// One chunk a delta. The first has the log probabilities, the last the finish.
std::vector<std::string> ChatWriter::chunks(Choice& choice) {
  ChoicePart& part = choice.part;
  choice.called = choice.called || !part.delta.tool_calls.empty();
  std::vector<std::string> deltas = deltas_of(part.delta);
  if (deltas.empty()) {
    if (part.tokens.empty() && !part.finish) return {};
    deltas.emplace_back(choice.called ? "{}" : "{\"content\":\"\"}");
  }
  std::vector<std::string> chunks;
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    ChoicePart rest;
    if (i == 0) {
      rest.tokens = std::move(part.tokens);
      rest.prompt_logprobs = part.prompt_logprobs;
    }
    if (i + 1 == deltas.size()) {
      rest.finish = part.finish;
      rest.stop_reason = part.stop_reason;
    }
    std::string& chunk =
        chunks.emplace_back(fmt::format("{{\"index\":{},\"delta\":{}", part.index, deltas[i]));
    append_rest(rest, choice.called, chunk);
  }
  return chunks;
}

}  // namespace

std::unique_ptr<AnswerWriter> chat_writer(OpenAiAnswer answer) {
  return std::make_unique<ChatWriter>(std::move(answer));
}

}  // namespace loci
