// A choice of /v1/chat/completions as JSON.
#include "server/openai/choice.h"
#include "server/openai/json_text.h"

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

void append_chat_choice(const ChoicePart& part, const ChoiceStyle& style, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{{\"index\":{},\"{}\":{{{}\"content\":", part.index,
                 style.stream ? "delta" : "message", style.stream ? "" : "\"role\":\"assistant\",");
  append_json_string(part.text, out);
  out += "},\"logprobs\":";
  if (style.logprobs && (!style.stream || !part.tokens.empty())) {
    append_logprobs(part, *style.tokenizer, out);
  } else {
    out += "null";
  }
  out += ',';
  append_finish(part, out);
  append_prompt_logprobs(part, *style.tokenizer, out);
  out += '}';
}

void append_chat_opening(int index, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "{{\"index\":{},\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"logprobs\":null,"
                 "\"finish_reason\":null}}",
                 index);
}

}  // namespace

const ResponseShape kChatShape{.id_prefix = "chatcmpl-",
                               .object = "chat.completion",
                               .chunk_object = "chat.completion.chunk",
                               .append_choice = append_chat_choice,
                               .append_opening = append_chat_opening};

}  // namespace loci
