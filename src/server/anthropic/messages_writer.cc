#include "server/anthropic/messages_writer.h"

#include "server/generation/answer_blocks.h"
#include "server/generation/event_stream.h"
#include "server/openai/json_text.h"

namespace loci {
namespace {

using Kind = AnswerBlock::Kind;

/// The arguments as an object; what was cut off before it became one is none.
json::object input_of(const AnswerBlock& block) {
  auto parsed = parse_json(block.text);
  return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object{};
}

/// A content block; with `text` and `input`, or as it begins.
json::object block_json(const AnswerBlock& block, std::string_view text, json::object input) {
  switch (block.kind) {
    case Kind::kReasoning:
      return {{"type", "thinking"}, {"thinking", text}, {"signature", ""}};
    case Kind::kText:
      return {{"type", "text"}, {"text", text}};
    case Kind::kCall:
      break;
  }
  return {
      {"type", "tool_use"}, {"id", block.call_id}, {"name", block.call_name}, {"input", std::move(input)}};
}

/// Anthropic counts what was read from a cache apart from the input.
json::object usage_json(const AnswerUsage& usage) {
  return {{"input_tokens", usage.tokens.prompt_tokens - usage.tokens.cached_tokens},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", usage.tokens.cached_tokens},
          {"output_tokens", usage.tokens.completion_tokens},
          {"output_tokens_details", json::object{{"thinking_tokens", usage.reasoning_tokens}}}};
}

class MessagesWriter final : public AnswerWriter, AnswerBlocks::Listener {
 public:
  explicit MessagesWriter(MessagesAnswer answer) : answer_(std::move(answer)), blocks_(*this) {}

  void begin(int prompt_tokens) override;
  void add(ChoicePart&& part) override;
  void end(const AnswerUsage& usage) override;
  void fail(const ApiError& error) override;

 private:
  void opened(int index, AnswerBlock& block) override;
  void grew(int index, const AnswerBlock& block, std::string_view more) override;
  void closed(int index, const AnswerBlock& block) override;

  json::object message(const AnswerUsage& usage) const;
  std::string_view stop_reason() const;
  json::value stop_sequence() const { return stop_ ? json::value(*stop_) : json::value(nullptr); }
  void send(json::object event);

  const MessagesAnswer answer_;
  const std::string id_ = "msg_" + answer_.exchange->request().id;
  AnswerBlocks blocks_;
  std::optional<FinishReason> finish_;
  std::optional<std::string> stop_;  // the stop sequence that ended the answer
};

// ---- the run's side

void MessagesWriter::begin(int prompt_tokens) {
  if (!answer_.stream) return;
  begin_event_stream(*answer_.exchange);
  AnswerUsage usage;
  usage.tokens.prompt_tokens = prompt_tokens;
  send({{"type", "message_start"}, {"message", message(usage)}});
  send({{"type", "ping"}});
}

void MessagesWriter::add(ChoicePart&& part) {
  finish_ = part.finish;
  if (const auto* text = std::get_if<std::string>(&part.stop_reason)) stop_ = *text;
  blocks_.add(part.delta);
  if (finish_) blocks_.close();
}

void MessagesWriter::end(const AnswerUsage& usage) {
  if (finish_ == FinishReason::kAbort) return fail(ApiError(503, "the server is shutting down"));
  if (!answer_.stream) return answer_.exchange->respond(json_response(json::serialize(message(usage))));
  send({{"type", "message_delta"},
        {"delta", json::object{{"stop_reason", stop_reason()}, {"stop_sequence", stop_sequence()}}},
        {"usage", usage_json(usage)}});
  send({{"type", "message_stop"}});
  answer_.exchange->end_stream();
}

void MessagesWriter::fail(const ApiError& error) {
  if (!answer_.stream) return answer_.exchange->respond(error_response(error, ErrorShape::kAnthropic));
  write_event(*answer_.exchange, "error", error_json(error, ErrorShape::kAnthropic));
  answer_.exchange->end_stream();
}

// ---- the blocks' side

void MessagesWriter::opened(int index, AnswerBlock& block) {
  if (!answer_.stream) return;
  send({{"type", "content_block_start"}, {"index", index}, {"content_block", block_json(block, "", {})}});
}

/// Written by hand: one of these goes out for each token.
void MessagesWriter::grew(int index, const AnswerBlock& block, std::string_view more) {
  if (!answer_.stream) return;
  const std::string_view delta = block.kind == Kind::kReasoning ? R"("thinking_delta","thinking":)"
                                 : block.kind == Kind::kText    ? R"("text_delta","text":)"
                                                                : R"("input_json_delta","partial_json":)";
  std::string data =
      fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{{"type":{})", index, delta);
  append_json_string(more, data);
  data += "}}";
  write_event(*answer_.exchange, "content_block_delta", data);
}

void MessagesWriter::closed(int index, const AnswerBlock&) {
  if (answer_.stream) send({{"type", "content_block_stop"}, {"index", index}});
}

std::string_view MessagesWriter::stop_reason() const {
  if (finish_ == FinishReason::kLength) return "max_tokens";
  if (stop_) return "stop_sequence";
  return blocks_.has_calls() ? "tool_use" : "end_turn";
}

/// The message so far.
json::object MessagesWriter::message(const AnswerUsage& usage) const {
  json::array content;
  for (const AnswerBlock& block : blocks_.blocks())
    content.push_back(
        block_json(block, block.text, block.kind == Kind::kCall ? input_of(block) : json::object{}));
  return {{"id", id_},
          {"type", "message"},
          {"role", "assistant"},
          {"model", answer_.served.name()},
          {"content", std::move(content)},
          {"stop_reason", finish_ ? json::value(stop_reason()) : json::value(nullptr)},
          {"stop_sequence", stop_sequence()},
          {"usage", usage_json(usage)}};
}

void MessagesWriter::send(json::object event) {
  const std::string type(event.at("type").as_string());
  write_event(*answer_.exchange, type, json::serialize(event));
}

}  // namespace

std::unique_ptr<AnswerWriter> messages_writer(MessagesAnswer answer) {
  return std::make_unique<MessagesWriter>(std::move(answer));
}

}  // namespace loci
