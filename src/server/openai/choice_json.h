// What the choices of the two endpoints have in common, as JSON.
#pragma once

#include <string>
#include <string_view>

#include "server/generation/answer_writer.h"
#include "text/tokenizer.h"

namespace loci {

/// "finish_reason": `reason` or null, "stop_reason": ...
void append_finish(std::string_view reason, const ChoicePart& part, std::string& out);
/// "prompt_logprobs": ..., with a comma in front; nothing where the part brings none.
void append_prompt_logprobs(const ChoicePart& part, const Tokenizer& tokenizer, std::string& out);
/// {"prompt_tokens": ..., ...}
void append_usage(const Usage& usage, std::string& out);
/// The same, with the tokens of reasoning.
void append_chat_usage(const AnswerUsage& usage, std::string& out);

/// The token's bytes if they are UTF-8, else "bytes:\xe2\x80" (OpenAI's notation), so that names do not
/// collide.
std::string token_text(const Tokenizer& tokenizer, TokenId token);
/// Characters of a UTF-8 text, or those that begin in a piece of one.
int characters_in(std::string_view text);
/// Characters that the token adds to text: over a text they add up to its length. A special token adds none.
int token_characters(const Tokenizer& tokenizer, TokenId token);

}  // namespace loci
