// What /v1/completions and /v1/chat/completions have in common: the fields of OpenAI's and vLLM's requests
// that say how to generate. Parsing is pure: no tokenizer, no engine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "engine/loaded_model.h"
#include "engine/request.h"
#include "server/openai/field_reader.h"
#include "server/openai/request_terms.h"

namespace loci {

inline constexpr int kMaxLogprobs = 20;
inline constexpr int kMaxChoices = 128;
inline constexpr std::size_t kMaxStopStrings = 64;
inline constexpr std::size_t kMaxStopStringBytes = 4096;
inline constexpr std::size_t kMaxStopTokens = 1024;

/// What of the served model the meaning of a request depends on.
struct ParseContext {
  GenerationDefaults defaults;
  int vocab_size = 0;
};

struct GenerationRequest {
  std::optional<std::string> model;
  Request engine;  // all of it but prompt, max_tokens, terms and (unless given) the seed
  RequestTerms terms;
  std::optional<int> max_tokens;  // as the client said it
  std::string max_tokens_field = "max_tokens";
  bool clamp_max_tokens = false;  // to what the context has left, instead of a refusal
  std::optional<std::uint64_t> seed;
  bool stream = false;
  bool include_usage = false;  // a last chunk with the token counts
};

/// The body as a JSON object; kInvalidArgument where it is none.
Result<json::object> parse_body(std::string_view body);

/// Refuses a field that Loci knows and cannot honour yet, by name: a silent difference would be worse.
void refuse_unsupported(FieldReader& fields);

/// What every API has in common: model, seed, sampling, stopping, stream, terms.
void read_common_fields(FieldReader& fields, const ParseContext& context, GenerationRequest& out);
/// Stop strings under the API's name for them.
void read_stop_strings(FieldReader& fields, std::string_view name, Request& out);

/// Reads OpenAI's and vLLM's fields of completions and chats; `logprobs` is left to the caller, for the two
/// endpoints differ there.
void read_generation_fields(FieldReader& fields, const ParseContext& context, GenerationRequest& out);

/// Ranges of the sampling parameters and of what depends on several fields. Call after all fields have been
/// read.
Result<> check_generation(const ParseContext& context, const GenerationRequest& request);

}  // namespace loci
