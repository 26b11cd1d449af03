#include "server/openai/generation_request.h"

#include <charconv>

namespace loci {
namespace {

bool is_empty(const json::value& value) {
  if (const auto* list = value.if_array()) return list->empty();
  if (const auto* object = value.if_object()) return object->empty();
  if (const auto* text = value.if_string()) return text->empty();
  return value.is_bool() && !value.get_bool();
}

/// {"type": "text"}: what everyone gets without asking.
bool is_text_format(const json::value& value) {
  const auto* object = value.if_object();
  const json::value* type = object != nullptr ? object->if_contains("type") : nullptr;
  return type != nullptr && type->is_string() && type->get_string() == "text";
}

bool is_none(const json::value& value) {
  return value.is_string() && value.get_string() == "none";
}

bool is_text_only(const json::value& value) {
  const auto* list = value.if_array();
  return list != nullptr && list->size() == 1 && list->front().is_string() &&
         list->front().get_string() == "text";
}

struct UnsupportedField {
  std::string_view name;
  bool (*harmless)(const json::value&);  // a value that asks for nothing
};
constexpr UnsupportedField kUnsupportedFields[] = {
    {"functions", is_empty},
    {"function_call", is_none},
    {"response_format", is_text_format},
    {"structured_outputs", is_empty},
    {"guided_json", is_empty},
    {"guided_regex", is_empty},
    {"guided_choice", is_empty},
    {"guided_grammar", is_empty},
    {"grammar", is_empty},
    {"json_schema", is_empty},
    {"suffix", is_empty},
    {"logits_processors", is_empty},
    {"allowed_token_ids", is_empty},
    {"bad_words", is_empty},
    {"truncate_prompt_tokens", is_empty},
    {"prompt_embeds", is_empty},
    {"chat_template", is_empty},
    {"documents", is_empty},
    {"audio", is_empty},
    {"modalities", is_text_only},
    {"prediction", is_empty},
    {"web_search_options", is_empty},
};

void read_logit_bias(FieldReader& fields, Request& out) {
  const json::value* value = fields.find("logit_bias");
  if (value == nullptr) return;
  const json::object* biases = value->if_object();
  if (biases == nullptr)
    return fields.refuse_type("logit_bias", "an object of token ids and numbers", *value);
  for (const auto& [key, bias] : *biases) {
    TokenId token = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error != std::errc() || end != key.data() + key.size())
      return fields.refuse("logit_bias", fmt::format("'logit_bias' must have token ids as its keys, got '{}'",
                                                     std::string_view(key).substr(0, 64)));
    if (!bias.is_number())
      return fields.refuse("logit_bias",
                           fmt::format("'logit_bias' must have numbers as its values, got {} for token {}",
                                       json_type_name(bias), token));
    out.sampling.logit_bias.emplace_back(token, static_cast<float>(bias.to_number<double>()));
  }
}

void read_sampling(FieldReader& fields, const GenerationDefaults& defaults, Request& out) {
  SamplingParams& sampling = out.sampling;
  sampling.temperature = defaults.temperature.value_or(sampling.temperature);
  sampling.top_p = defaults.top_p.value_or(sampling.top_p);
  sampling.top_k = defaults.top_k.value_or(sampling.top_k);
  sampling.min_p = defaults.min_p.value_or(sampling.min_p);
  sampling.repetition_penalty = defaults.repetition_penalty.value_or(sampling.repetition_penalty);
  fields.read("temperature", sampling.temperature);
  fields.read("top_p", sampling.top_p);
  fields.read("top_k", sampling.top_k);
  fields.read("min_p", sampling.min_p);
  fields.read("repetition_penalty", sampling.repetition_penalty);
  fields.read("presence_penalty", sampling.presence_penalty);
  fields.read("frequency_penalty", sampling.frequency_penalty);
  read_logit_bias(fields, out);
}

/// true, false or "never", as Hugging Face's generate() has them.
void read_early_stopping(FieldReader& fields, EarlyStopping& out) {
  const json::value* value = fields.find("early_stopping");
  if (value == nullptr) return;
  if (value->is_bool()) {
    out = value->get_bool() ? EarlyStopping::kFirst : EarlyStopping::kHeuristic;
  } else if (*value != "never") {
    fields.refuse("early_stopping", fmt::format("'early_stopping' must be true, false or 'never', got {}",
                                                json_type_name(*value)));
  }
}

/// vLLM's beam search. Without use_beam_search its other fields mean nothing.
void read_beam_search(FieldReader& fields, GenerationRequest& out) {
  bool searches = false;
  float length_penalty = 1;
  BeamParams beams;
  fields.read("use_beam_search", searches);
  fields.read("length_penalty", length_penalty);
  read_early_stopping(fields, beams.early_stopping);
  beams.length_penalty = length_penalty;
  if (searches) out.engine.beams = beams;
}

void check_beam_search(FieldReader& fields, const GenerationRequest& request) {
  if (!request.engine.beams) return;
  if (request.stream)
    fields.refuse("stream",
                  "'stream' is not available with 'use_beam_search': which hypotheses are the best is "
                  "known at the end");
  if (!request.engine.stop.empty())
    fields.refuse("stop", "'stop' is not available with 'use_beam_search'; 'stop_token_ids' is");
  if (request.max_tokens == 0)
    fields.refuse("max_tokens", "'max_tokens' must be at least 1 with 'use_beam_search', got 0");
}

void read_stopping(FieldReader& fields, Request& out) {
  read_stop_strings(fields, "stop", out);
  fields.read_tokens("stop_token_ids", out.stop_token_ids, kMaxStopTokens);
  fields.read("include_stop_str_in_output", out.include_stop_in_output);
  fields.read("ignore_eos", out.ignore_eos);
  fields.read("min_tokens", out.min_tokens, {.min = 0});
  fields.read("skip_special_tokens", out.skip_special_tokens);
}

void read_stream_options(FieldReader& fields, GenerationRequest& out) {
  const json::value* options = fields.find("stream_options");
  if (options == nullptr) return;
  const json::object* object = options->if_object();
  if (object == nullptr) return fields.refuse_type("stream_options", "an object", *options);
  if (!out.stream)
    return fields.refuse("stream_options", "'stream_options' is allowed only when 'stream' is true");
  FieldReader nested(*object);
  nested.read("include_usage", out.include_usage);
  if (const auto status = nested.status(); !status)
    fields.refuse("stream_options.include_usage", status.error().message);
}

void read_prompt_logprobs(FieldReader& fields, GenerationRequest& out) {
  fields.read("prompt_logprobs", out.engine.prompt_logprobs, IntRange{0, kMaxLogprobs});
  if (out.stream && out.engine.prompt_logprobs)
    fields.refuse("prompt_logprobs", "'prompt_logprobs' is not available when 'stream' is true");
}

}  // namespace

Result<json::object> parse_body(std::string_view body) {
  auto value = parse_json(body);
  if (!value)
    return fail(ErrorCode::kInvalidArgument, "the body is not valid JSON: {}", value.error().message);
  json::object* object = value->if_object();
  if (object == nullptr)
    return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object, got {}",
                json_type_name(*value));
  return std::move(*object);
}

void refuse_unsupported(FieldReader& fields) {
  for (const auto& [name, harmless] : kUnsupportedFields) {
    const json::value* value = fields.find(name);
    if (value != nullptr && !harmless(*value))
      fields.refuse(name, fmt::format("'{}' is not supported by this server", name));
  }
}

void read_stop_strings(FieldReader& fields, std::string_view name, Request& out) {
  fields.read_strings(name, out.stop, kMaxStopStrings);
  for (const std::string& stop : out.stop)
    if (stop.size() > kMaxStopStringBytes)
      fields.refuse(name, fmt::format("'{}' has a string of {} bytes, at most {} are allowed", name,
                                      stop.size(), kMaxStopStringBytes));
  std::erase(out.stop, "");
}

void read_common_fields(FieldReader& fields, const ParseContext& context, GenerationRequest& out) {
  fields.read("model", out.model);
  fields.read_seed("seed", out.seed);
  read_sampling(fields, context.defaults, out.engine);
  read_stopping(fields, out.engine);
  fields.read("stream", out.stream);
  read_terms(fields, out.terms);
}

void read_generation_fields(FieldReader& fields, const ParseContext& context, GenerationRequest& out) {
  refuse_unsupported(fields);
  read_beam_search(fields, out);
  // A search samples nothing: what the model brings for sampling does not concern it.
  read_common_fields(fields, out.engine.beams ? ParseContext{{}, context.vocab_size} : context, out);
  fields.read("max_tokens", out.max_tokens, IntRange{.min = 0});
  fields.read("n", out.engine.choices, {1, kMaxChoices});
  check_beam_search(fields, out);
  read_stream_options(fields, out);
  read_prompt_logprobs(fields, out);
}

Result<> check_generation(const ParseContext& context, const GenerationRequest& request) {
  LOCI_TRY_VOID(validate(request.engine.sampling, context.vocab_size));
  if (request.engine.beams) LOCI_TRY_VOID(validate(*request.engine.beams, request.engine.sampling));
  if (request.max_tokens && request.engine.min_tokens > *request.max_tokens)
    return std::unexpected(
        Error{ErrorCode::kInvalidArgument,
              fmt::format("'min_tokens' is {}, more than '{}' ({})", request.engine.min_tokens,
                          request.max_tokens_field, *request.max_tokens),
              "min_tokens"});
  return {};
}

}  // namespace loci
