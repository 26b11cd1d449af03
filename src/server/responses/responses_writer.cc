#include "server/responses/responses_writer.h"

#include "server/generation/answer_blocks.h"
#include "server/generation/event_stream.h"
#include "server/openai/json_text.h"
#include "server/random_id.h"
#include "server/unix_time.h"

namespace loci {
namespace {

using Kind = AnswerBlock::Kind;

std::string_view id_prefix(Kind kind) {
  return kind == Kind::kReasoning ? "rs_" : kind == Kind::kText ? "msg_" : "fc_";
}

/// The content part of an item of text or reasoning.
json::object part_of(Kind kind, std::string_view text) {
  if (kind == Kind::kReasoning) return {{"type", "reasoning_text"}, {"text", text}};
  return {
      {"type", "output_text"}, {"annotations", json::array{}}, {"logprobs", json::array{}}, {"text", text}};
}

/// An output item; `status` is "in_progress" where it has just begun.
json::object item_of(const AnswerBlock& block, std::string_view status) {
  if (block.kind == Kind::kCall)
    return {{"id", block.id},           {"type", "function_call"}, {"status", status},
            {"call_id", block.call_id}, {"name", block.call_name}, {"arguments", block.text}};
  json::array content;
  if (status != "in_progress") content.push_back(part_of(block.kind, block.text));
  if (block.kind == Kind::kReasoning)
    return {{"id", block.id},
            {"type", "reasoning"},
            {"status", status},
            {"summary", json::array{}},
            {"content", std::move(content)}};
  return {{"id", block.id},
          {"type", "message"},
          {"status", status},
          {"role", "assistant"},
          {"content", std::move(content)}};
}

json::object usage_json(const AnswerUsage& usage) {
  const Usage& tokens = usage.tokens;
  return {{"input_tokens", tokens.prompt_tokens},
          {"input_tokens_details",
           json::object{{"cached_tokens", tokens.cached_tokens}, {"cache_write_tokens", 0}}},
          {"output_tokens", tokens.completion_tokens},
          {"output_tokens_details", json::object{{"reasoning_tokens", usage.reasoning_tokens}}},
          {"total_tokens", tokens.prompt_tokens + tokens.completion_tokens}};
}

class ResponsesWriter final : public AnswerWriter, AnswerBlocks::Listener {
 public:
  explicit ResponsesWriter(ResponsesAnswer answer) : answer_(std::move(answer)), blocks_(*this) {}

  void begin(int prompt_tokens) override;
  void add(ChoicePart&& part) override;
  void end(const AnswerUsage& usage) override;
  void fail(const ApiError& error) override;

 private:
  void opened(int index, AnswerBlock& block) override;
  void grew(int index, const AnswerBlock& block, std::string_view more) override;
  void closed(int index, const AnswerBlock& block) override;

  std::string_view item_status() const {
    return finish_ == FinishReason::kLength ? "incomplete" : "completed";
  }
  json::object response(std::string_view status) const;
  /// Where `index` and `block` lie: the fields that each event about an item has.
  static json::object place(int index, const AnswerBlock& block);
  void send(std::string_view type, json::object fields);

  const ResponsesAnswer answer_;
  const std::string id_ = "resp_" + answer_.exchange->request().id;
  const std::int64_t created_ = unix_seconds();
  AnswerBlocks blocks_;
  std::vector<json::value> items_;  // closed
  std::optional<FinishReason> finish_;
  int sequence_number_ = 0;
};

// ---- the run's side

void ResponsesWriter::begin(int) {
  if (!answer_.stream) return;
  begin_event_stream(*answer_.exchange);
  send("response.created", {{"response", response("in_progress")}});
  send("response.in_progress", {{"response", response("in_progress")}});
}

void ResponsesWriter::add(ChoicePart&& part) {
  finish_ = part.finish;
  blocks_.add(part.delta);
  if (finish_) blocks_.close();
}

void ResponsesWriter::end(const AnswerUsage& usage) {
  if (finish_ == FinishReason::kAbort) return fail(ApiError(503, "the server is shutting down"));
  const std::string_view status = item_status();
  json::object whole = response(status);
  if (status == "incomplete") whole["incomplete_details"] = json::object{{"reason", "max_output_tokens"}};
  whole["usage"] = usage_json(usage);
  if (!answer_.stream) return answer_.exchange->respond(json_response(json::serialize(whole)));
  send(fmt::format("response.{}", status), {{"response", std::move(whole)}});
  answer_.exchange->end_stream();
}

void ResponsesWriter::fail(const ApiError& error) {
  if (!answer_.stream) return answer_.exchange->respond(error_response(error));
  json::object failed = response("failed");
  failed["error"] = json::object{{"code", "server_error"}, {"message", error.message}};
  send("response.failed", {{"response", std::move(failed)}});
  answer_.exchange->end_stream();
}

// ---- the blocks' side

void ResponsesWriter::opened(int index, AnswerBlock& block) {
  block.id = std::string(id_prefix(block.kind)) + random_hex_id();
  if (!answer_.stream) return;
  send("response.output_item.added", {{"output_index", index}, {"item", item_of(block, "in_progress")}});
  if (block.kind == Kind::kCall) return;
  json::object fields = place(index, block);
  fields["part"] = part_of(block.kind, "");
  send("response.content_part.added", std::move(fields));
}

/// Written by hand: one of these goes out for each token.
void ResponsesWriter::grew(int index, const AnswerBlock& block, std::string_view more) {
  if (!answer_.stream) return;
  const std::string_view type = block.kind == Kind::kCall        ? "response.function_call_arguments.delta"
                                : block.kind == Kind::kReasoning ? "response.reasoning_text.delta"
                                                                 : "response.output_text.delta";
  std::string data = fmt::format(R"({{"type":"{}","sequence_number":{},"item_id":"{}","output_index":{},)",
                                 type, sequence_number_++, block.id, index);
  if (block.kind != Kind::kCall) data += "\"content_index\":0,";
  if (block.kind == Kind::kText) data += "\"logprobs\":[],";
  data += "\"delta\":";
  append_json_string(more, data);
  data += '}';
  write_event(*answer_.exchange, type, data);
}

void ResponsesWriter::closed(int index, const AnswerBlock& block) {
  items_.emplace_back(item_of(block, item_status()));
  if (!answer_.stream) return;
  json::object fields = place(index, block);
  if (block.kind == Kind::kCall) {
    fields["name"] = block.call_name;
    fields["arguments"] = block.text;
    send("response.function_call_arguments.done", std::move(fields));
  } else {
    json::object done = fields;
    done["text"] = block.text;
    if (block.kind == Kind::kText) done["logprobs"].emplace_array();
    send(block.kind == Kind::kText ? "response.output_text.done" : "response.reasoning_text.done",
         std::move(done));
    fields["part"] = part_of(block.kind, block.text);
    send("response.content_part.done", std::move(fields));
  }
  send("response.output_item.done", {{"output_index", index}, {"item", items_.back()}});
}

json::object ResponsesWriter::place(int index, const AnswerBlock& block) {
  json::object fields{{"item_id", block.id}, {"output_index", index}};
  if (block.kind != Kind::kCall) fields["content_index"] = 0;
  return fields;
}

json::object ResponsesWriter::response(std::string_view status) const {
  json::object out{{"id", id_},
                   {"object", "response"},
                   {"created_at", created_},
                   {"status", status},
                   {"error", nullptr},
                   {"incomplete_details", nullptr},
                   {"model", answer_.served.name()},
                   {"output", json::array(items_.begin(), items_.end())},
                   {"usage", nullptr}};
  for (const auto& field : answer_.shown) out.emplace(field.key(), field.value());
  return out;
}

void ResponsesWriter::send(std::string_view type, json::object fields) {
  json::object event{{"type", type}, {"sequence_number", sequence_number_++}};
  for (auto& field : fields) event.emplace(field.key(), std::move(field.value()));
  write_event(*answer_.exchange, type, json::serialize(event));
}

}  // namespace

std::unique_ptr<AnswerWriter> responses_writer(ResponsesAnswer answer) {
  return std::make_unique<ResponsesWriter>(std::move(answer));
}

}  // namespace loci
