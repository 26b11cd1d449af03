#include "server/openai/choice_json.h"

#include <algorithm>

#include "server/openai/json_text.h"
#include "text/utf8.h"

namespace loci {
namespace {

void append_ranked(const TokenLogprob& entry, const Tokenizer& tokenizer, std::string& out) {
  fmt::format_to(std::back_inserter(out), "\"{}\":{{\"logprob\":", entry.token);
  append_logprob(entry.logprob, out);
  fmt::format_to(std::back_inserter(out), ",\"rank\":{},\"decoded_token\":", entry.rank);
  append_json_string(token_text(tokenizer, entry.token), out);
  out += '}';
}

/// {"token id": {"logprob", "rank", "decoded_token"}, ...}: the token of the prompt, then the likeliest
/// others.
void append_position(const TokenLogprobs& position, const Tokenizer& tokenizer, std::string& out) {
  out += '{';
  append_ranked(position.chosen, tokenizer, out);
  for (const TokenLogprob& entry : position.top) {
    if (entry.token == position.chosen.token) continue;
    out += ',';
    append_ranked(entry, tokenizer, out);
  }
  out += '}';
}

/// The counts of a usage, without its closing brace.
void append_counts(const Usage& usage, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "{{\"prompt_tokens\":{},\"total_tokens\":{},\"completion_tokens\":{},"
                 "\"prompt_tokens_details\":{{\"cached_tokens\":{}}}",
                 usage.prompt_tokens, usage.prompt_tokens + usage.completion_tokens, usage.completion_tokens,
                 usage.cached_tokens);
}

}  // namespace

void append_finish(std::string_view reason, const ChoicePart& part, std::string& out) {
  out += "\"finish_reason\":";
  if (part.finish) {
    append_json_string(reason, out);
  } else {
    out += "null";
  }
  out += ",\"stop_reason\":";
  if (const auto* token = std::get_if<TokenId>(&part.stop_reason)) {
    fmt::format_to(std::back_inserter(out), "{}", *token);
  } else if (const auto* text = std::get_if<std::string>(&part.stop_reason)) {
    append_json_string(*text, out);
  } else {
    out += "null";
  }
}

void append_prompt_logprobs(const ChoicePart& part, const Tokenizer& tokenizer, std::string& out) {
  if (part.prompt_logprobs == nullptr) return;
  out += ",\"prompt_logprobs\":[";
  for (std::size_t i = 0; i < part.prompt_logprobs->size(); ++i) {
    if (i > 0) out += ',';
    const auto& position = (*part.prompt_logprobs)[i];
    if (position) {
      append_position(*position, tokenizer, out);
    } else {
      out += "null";
    }
  }
  out += ']';
}

void append_usage(const Usage& usage, std::string& out) {
  append_counts(usage, out);
  out += '}';
}

void append_chat_usage(const AnswerUsage& usage, std::string& out) {
  append_counts(usage.tokens, out);
  fmt::format_to(std::back_inserter(out), ",\"completion_tokens_details\":{{\"reasoning_tokens\":{}}}}}",
                 usage.reasoning_tokens);
}

std::string token_text(const Tokenizer& tokenizer, TokenId token) {
  const std::string_view bytes = tokenizer.token_bytes(token);
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string text = "bytes:";
  for (const char byte : bytes)
    fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(byte));
  return text;
}

int characters_in(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

int token_characters(const Tokenizer& tokenizer, TokenId token) {
  if (tokenizer.kind(token) == TokenKind::kSpecial) return 0;
  return characters_in(tokenizer.token_bytes(token));
}

}  // namespace loci
