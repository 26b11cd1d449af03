#include "server/openai/openai_writer.h"

#include <algorithm>

#include "server/generation/event_stream.h"
#include "server/openai/json_text.h"
#include "server/unix_time.h"

namespace loci {

OpenAiAnswer openai_answer(std::shared_ptr<Exchange> exchange, const ServedModel& served,
                           const GenerationRequest& request, std::size_t prompts) {
  return {.exchange = std::move(exchange),
          .served = served,
          .choices = static_cast<int>(prompts) * request.engine.choices,
          .choices_per_prompt = request.engine.choices,
          .stream = request.stream,
          .include_usage = request.include_usage,
          .logprobs = request.engine.logprobs.has_value(),
          .show_prompt_logprobs = request.engine.prompt_logprobs.has_value(),
          .service_tier = request.terms.asks_service_tier ? service_tier(request.terms) : std::string_view()};
}

OpenAiWriter::OpenAiWriter(OpenAiAnswer answer, const Shape& shape)
    : answer_(std::move(answer)),
      shape_(shape),
      id_(std::string(shape.id_prefix) + answer_.exchange->request().id),
      chunk_head_(head(shape.chunk_object)),
      choices_(static_cast<std::size_t>(answer_.choices)) {
  for (std::size_t i = 0; i < choices_.size(); ++i) choices_[i].part.index = static_cast<int>(i);
}

void OpenAiWriter::append_opening(int, std::string&) const {}

void OpenAiWriter::begin(int) {
  if (!answer_.stream) return;
  begin_event_stream(*answer_.exchange);
  for (const Choice& choice : choices_) {
    std::string opening;
    append_opening(choice.part.index, opening);
    if (!opening.empty()) write_chunk(opening, nullptr);
  }
}

void OpenAiWriter::add(ChoicePart&& more) {
  Choice& choice = choices_[static_cast<std::size_t>(more.index)];
  ChoicePart& part = choice.part;
  append(part.delta, std::move(more.delta));
  std::ranges::move(more.tokens, std::back_inserter(part.tokens));
  if (more.prompt_logprobs != nullptr) part.prompt_logprobs = more.prompt_logprobs;
  part.finish = more.finish;
  part.stop_reason = std::move(more.stop_reason);
  if (!answer_.stream) return;
  const std::vector<std::string> sent = chunks(choice);
  for (const std::string& chunk : sent) write_chunk(chunk, nullptr);
  if (sent.empty()) return;
  choice.begins = false;
  part = {.index = part.index, .delta = {}, .tokens = {}, .finish = {}, .stop_reason = {}};
}

void OpenAiWriter::end(const AnswerUsage& usage) {
  if (answer_.stream) {
    if (answer_.include_usage) write_chunk("", &usage);
    write_event(*answer_.exchange, "", "[DONE]");
    return answer_.exchange->end_stream();
  }
  std::string out = head(shape_.object);
  for (const Choice& choice : choices_) {
    if (choice.part.index > 0) out += ',';
    append_whole(choice, out);
  }
  out += "],\"usage\":";
  append_usage(usage, out);
  out += '}';
  answer_.exchange->respond(json_response(std::move(out)));
}

void OpenAiWriter::fail(const ApiError& error) {
  if (!answer_.stream) return answer_.exchange->respond(error_response(error));
  write_event(*answer_.exchange, "", error_json(error));
  write_event(*answer_.exchange, "", "[DONE]");
  answer_.exchange->end_stream();
}

/// {"id": ..., ..., "choices": [
std::string OpenAiWriter::head(std::string_view object) const {
  std::string out = "{\"id\":";
  append_json_string(id_, out);
  out += ",\"object\":";
  append_json_string(object, out);
  fmt::format_to(std::back_inserter(out), ",\"created\":{},\"model\":", unix_seconds());
  append_json_string(answer_.served.name(), out);
  if (!answer_.service_tier.empty())
    fmt::format_to(std::back_inserter(out), ",\"service_tier\":\"{}\"", answer_.service_tier);
  out += ",\"choices\":[";
  return out;
}

void OpenAiWriter::write_chunk(std::string_view choices, const AnswerUsage* usage) {
  std::string data = chunk_head_;
  data += choices;
  data += ']';
  if (answer_.include_usage) {
    data += ",\"usage\":";
    if (usage != nullptr) {
      append_usage(*usage, data);
    } else {
      data += "null";
    }
  }
  data += '}';
  write_event(*answer_.exchange, "", data);
}

}  // namespace loci
