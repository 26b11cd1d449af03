// The answers of /v1/completions.
#include <algorithm>
#include <set>

#include "server/openai/choice_json.h"
#include "server/openai/json_text.h"
#include "server/openai/openai_writer.h"

namespace loci {
namespace {

/// The tokens of a part with their log probabilities: those of the echoed prompt, then those of the output.
struct LogprobRows {
  std::vector<TokenId> tokens;
  std::vector<const TokenLogprobs*> logprobs;  // nullptr: nothing precedes this token
  std::size_t echoed = 0;                      // of them, those of the prompt
};

/// `echo` may be null.
LogprobRows rows_of(const ChoicePart& part, const EchoedPrompt* echo) {
  LogprobRows rows;
  if (echo != nullptr && part.prompt_logprobs != nullptr) {
    for (std::size_t i = 0; i < part.prompt_logprobs->size() && i < echo->tokens.size(); ++i) {
      const auto& position = (*part.prompt_logprobs)[i];
      rows.tokens.push_back(echo->tokens[i]);
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

class CompletionWriter final : public OpenAiWriter {
 public:
  CompletionWriter(OpenAiAnswer answer, std::vector<EchoedPrompt> echoes)
      : OpenAiWriter(std::move(answer), {"cmpl-", "text_completion", "text_completion"}),
        echoes_(std::move(echoes)) {}

 private:
  void append_whole(const Choice& choice, std::string& out) const override;
  void append_usage(const AnswerUsage& usage, std::string& out) const override {
    loci::append_usage(usage.tokens, out);
  }
  std::vector<std::string> chunks(Choice& choice) override;
  void append_logprobs(const Choice& choice, std::string& out) const;

  /// The prompt that this part of the choice begins with, or nullptr.
  const EchoedPrompt* echo_of(const Choice& choice) const {
    const auto prompt = static_cast<std::size_t>(choice.part.index / answer().choices_per_prompt);
    return choice.begins && !echoes_.empty() ? &echoes_[prompt] : nullptr;
  }

  const std::vector<EchoedPrompt> echoes_;  // [prompts], or empty: no echo
};

void CompletionWriter::append_logprobs(const Choice& choice, std::string& out) const {
  const EchoedPrompt* echo = echo_of(choice);
  const LogprobRows rows = rows_of(choice.part, echo);
  const std::size_t count = rows.tokens.size();
  out += '{';
  append_column("tokens", count, out,
                [&](std::size_t i) { append_json_string(token_text(tokenizer(), rows.tokens[i]), out); });
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
      append_alternatives(*rows.logprobs[i], tokenizer(), out);
    }
  });
  out += ',';
  int offset = choice.characters;
  const int output_offset = offset + (echo != nullptr ? characters_in(echo->text) : 0);
  append_column("text_offset", count, out, [&](std::size_t i) {
    // The prompt's tokens may hold a space that its text does not (SentencePiece's dummy prefix).
    offset = i == rows.echoed ? output_offset : i < rows.echoed ? std::min(offset, output_offset) : offset;
    fmt::format_to(std::back_inserter(out), "{}", offset);
    offset += token_characters(tokenizer(), rows.tokens[i]);
  });
  out += '}';
}

void CompletionWriter::append_whole(const Choice& choice, std::string& out) const {
  const ChoicePart& part = choice.part;
  const EchoedPrompt* echo = echo_of(choice);
  fmt::format_to(std::back_inserter(out), "{{\"index\":{},\"text\":", part.index);
  append_json_string(echo != nullptr ? echo->text + part.delta.content : part.delta.content, out);
  out += ",\"logprobs\":";
  if (answer().logprobs && (!answer().stream || echo != nullptr || !part.tokens.empty())) {
    append_logprobs(choice, out);
  } else {
    out += "null";
  }
  out += ',';
  append_finish(part.finish ? name(*part.finish) : "", part, out);
  if (answer().show_prompt_logprobs) append_prompt_logprobs(part, tokenizer(), out);
  out += '}';
}

std::vector<std::string> CompletionWriter::chunks(Choice& choice) {
  const EchoedPrompt* echo = echo_of(choice);
  const ChoicePart& part = choice.part;
  if (part.delta.content.empty() && part.tokens.empty() && echo == nullptr && !part.finish) return {};
  std::string chunk;
  append_whole(choice, chunk);
  if (echo != nullptr) choice.characters += characters_in(echo->text);
  for (const OutputToken& token : part.tokens)
    choice.characters += token_characters(tokenizer(), token.token);
  return {std::move(chunk)};
}

}  // namespace

std::unique_ptr<AnswerWriter> completion_writer(OpenAiAnswer answer, std::vector<EchoedPrompt> echoes) {
  return std::make_unique<CompletionWriter>(std::move(answer), std::move(echoes));
}

}  // namespace loci
