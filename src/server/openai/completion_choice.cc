// A choice of /v1/completions as JSON.
#include <algorithm>
#include <set>

#include "server/openai/choice.h"
#include "server/openai/json_text.h"

namespace loci {
namespace {

/// The tokens of a part with their log probabilities: those of the echoed prompt, then those of the output.
struct LogprobRows {
  std::vector<TokenId> tokens;
  std::vector<const TokenLogprobs*> logprobs;  // nullptr: nothing precedes this token
  std::size_t echoed = 0;                      // of them, those of the prompt
};

LogprobRows rows_of(const ChoicePart& part) {
  LogprobRows rows;
  if (part.echo != nullptr && part.prompt_logprobs != nullptr) {
    for (std::size_t i = 0; i < part.prompt_logprobs->size() && i < part.echo->tokens.size(); ++i) {
      const auto& position = (*part.prompt_logprobs)[i];
      rows.tokens.push_back(part.echo->tokens[i]);
      rows.logprobs.push_back(position ? &*position : nullptr);
    }
  }
  rows.echoed = rows.tokens.size();
  for (const OutputToken& token : part.tokens) {
    rows.tokens.push_back(token.token);
    rows.logprobs.push_back(token.logprobs ? &*token.logprobs : nullptr);
  }
  return rows;
}

/// "name": [a, b, ...], one entry a row, as `append_entry(i)` writes it.
template <class F>
void append_column(std::string_view name, std::size_t rows, std::string& out, F append_entry) {
  append_json_string(name, out);
  out += ":[";
  for (std::size_t i = 0; i < rows; ++i) {
    if (i > 0) out += ',';
    append_entry(i);
  }
  out += ']';
}

/// {"token": logprob, ...}: the likeliest tokens, and the one that was chosen. Each text once.
void append_alternatives(const TokenLogprobs& row, const Tokenizer& tokenizer, std::string& out) {
  std::set<std::string> seen;
  out += '{';
  const auto append = [&](const TokenLogprob& entry) {
    std::string text = token_text(tokenizer, entry.token);
    if (seen.contains(text)) return;
    if (!seen.empty()) out += ',';
    append_json_string(text, out);
    out += ':';
    append_logprob(entry.logprob, out);
    seen.insert(std::move(text));
  };
  for (const TokenLogprob& entry : row.top) append(entry);
  append(row.chosen);
  out += '}';
}

void append_logprobs(const ChoicePart& part, const Tokenizer& tokenizer, std::string& out) {
  const LogprobRows rows = rows_of(part);
  const std::size_t count = rows.tokens.size();
  out += '{';
  append_column("tokens", count, out,
                [&](std::size_t i) { append_json_string(token_text(tokenizer, rows.tokens[i]), out); });
  out += ',';
  append_column("token_logprobs", count, out, [&](std::size_t i) {
    if (rows.logprobs[i] == nullptr) {
      out += "null";
    } else {
      append_logprob(rows.logprobs[i]->chosen.logprob, out);
    }
  });
  out += ',';
  append_column("top_logprobs", count, out, [&](std::size_t i) {
    if (rows.logprobs[i] == nullptr) {
      out += "null";
    } else {
      append_alternatives(*rows.logprobs[i], tokenizer, out);
    }
  });
  out += ',';
  int offset = part.text_offset;
  const int output_offset = offset + (part.echo != nullptr ? characters_in(part.echo->text) : 0);
  append_column("text_offset", count, out, [&](std::size_t i) {
    // The prompt's tokens may hold a space that its text does not (SentencePiece's dummy prefix).
    offset = i == rows.echoed ? output_offset : i < rows.echoed ? std::min(offset, output_offset) : offset;
    fmt::format_to(std::back_inserter(out), "{}", offset);
    offset += token_characters(tokenizer, rows.tokens[i]);
  });
  out += '}';
}

void append_completion_choice(const ChoicePart& part, const ChoiceStyle& style, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{{\"index\":{},\"text\":", part.index);
  append_json_string(part.echo != nullptr ? part.echo->text + part.text : part.text, out);
  out += ",\"logprobs\":";
  if (style.logprobs && (!style.stream || part.echo != nullptr || !part.tokens.empty())) {
    append_logprobs(part, *style.tokenizer, out);
  } else {
    out += "null";
  }
  out += ',';
  append_finish(part, out);
  append_prompt_logprobs(part, *style.tokenizer, out);
  out += '}';
}

}  // namespace

const ResponseShape kCompletionShape{.id_prefix = "cmpl-",
                                     .object = "text_completion",
                                     .chunk_object = "text_completion",
                                     .append_choice = append_completion_choice,
                                     .append_opening = nullptr};

}  // namespace loci
