// One choice of an answer, or the part of it that one stream chunk carries; and the two ways to write it as
// JSON.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace loci {

using PromptLogprobs = std::vector<std::optional<TokenLogprobs>>;  // [prompt tokens], the first empty

/// A prompt that comes back in front of the output.
struct EchoedPrompt {
  std::string text;
  std::vector<TokenId> tokens;
};

struct ChoicePart {
  int index = 0;
  std::string text;                                 // without the echoed prompt
  std::vector<OutputToken> tokens;                  // that `text` came from
  int text_offset = 0;                              // characters of this choice before this part
  const EchoedPrompt* echo = nullptr;               // this part begins the choice, and the prompt is echoed
  const PromptLogprobs* prompt_logprobs = nullptr;  // of the echoed prompt, or because the request wants them
  bool show_prompt_logprobs = false;                // in vLLM's own field
  std::optional<FinishReason> finish;
  std::variant<std::monostate, TokenId, std::string> stop_reason;
};

struct ChoiceStyle {
  const Tokenizer* tokenizer;
  bool logprobs;  // the request asked for them
  bool stream;    // a chunk of a stream, not the whole choice
};

/// How the two endpoints' answers differ.
struct ResponseShape {
  std::string_view id_prefix;     // "cmpl-"
  std::string_view object;        // "text_completion"
  std::string_view chunk_object;  // of the chunks of a stream
  void (*append_choice)(const ChoicePart& part, const ChoiceStyle& style, std::string& out);
  void (*append_opening)(int index,
                         std::string& out);  // first chunk of a choice, before any text; may be null
};
extern const ResponseShape kCompletionShape, kChatShape;

/// "finish_reason": ..., "stop_reason": ...
void append_finish(const ChoicePart& part, std::string& out);
/// "prompt_logprobs": ..., with a comma in front; nothing unless the part shows them.
void append_prompt_logprobs(const ChoicePart& part, const Tokenizer& tokenizer, std::string& out);
/// {"prompt_tokens": ..., ...}
void append_usage(const Usage& usage, std::string& out);

/// The token's bytes if they are UTF-8, else "bytes:\xe2\x80" (OpenAI's notation), so that names do not
/// collide.
std::string token_text(const Tokenizer& tokenizer, TokenId token);
/// Characters of a UTF-8 text, or those that begin in a piece of one.
int characters_in(std::string_view text);
/// Characters that the token adds to text: over a text they add up to its length. A special token adds none.
int token_characters(const Tokenizer& tokenizer, TokenId token);

}  // namespace loci
