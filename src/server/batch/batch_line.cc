#include "server/batch/batch_line.h"

#include <algorithm>

#include "base/json.h"
#include "server/openai/field_reader.h"
#include "server/random_id.h"

namespace loci {
namespace {

constexpr std::string_view kUrls[] = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings",
                                      "/v1/responses", "/v1/messages"};

std::unexpected<Error> refuse(std::string message) {
  return std::unexpected(Error{ErrorCode::kInvalidArgument, std::move(message)});
}

std::string urls() {
  std::string list;
  for (const std::string_view url : kUrls) list += (list.empty() ? "" : ", ") + std::string(url);
  return list;
}

Result<json::object> parse_object(std::string_view line) {
  auto value = parse_json(line);
  if (!value) return refuse(fmt::format("the line is not valid JSON: {}", value.error().message));
  if (!value->is_object())
    return refuse(fmt::format("the line must be a JSON object, got {}", json_type_name(*value)));
  return std::move(value->get_object());
}

/// The body as it is sent on: in a batch nobody waits for a single line, and nobody reads a stream.
Result<std::string> offline_body(json::object body) {
  if (const json::value* stream = find_field(body, "stream");
      stream != nullptr && *stream != json::value(false))
    return refuse("'body.stream' must be false in a batch");
  body["service_tier"] = "flex";
  return json::serialize(body);
}

}  // namespace

std::optional<std::string> custom_id_of(std::string_view line) {
  const auto object = parse_object(line);
  const json::value* id = object ? find_field(*object, "custom_id") : nullptr;
  if (id == nullptr || !id->is_string() || id->get_string().empty() ||
      id->get_string().size() > kMaxCustomIdBytes)
    return std::nullopt;
  return std::string(id->get_string());
}

Result<BatchLine> parse_batch_line(std::string_view line) {
  LOCI_TRY(json::object object, parse_object(line));
  BatchLine out;
  std::string method;
  FieldReader fields(object);
  fields.read("custom_id", out.custom_id);
  fields.read("method", method);
  fields.read("url", out.request.path);
  LOCI_TRY_VOID(fields.status());
  if (out.custom_id.empty() || out.custom_id.size() > kMaxCustomIdBytes)
    return refuse(fmt::format("'custom_id' must be a string of 1..{} bytes", kMaxCustomIdBytes));
  if (method != "POST") return refuse(fmt::format("'method' must be 'POST', got '{}'", method.substr(0, 64)));
  if (std::ranges::find(kUrls, out.request.path) == std::end(kUrls))
    return refuse(fmt::format("'url' must be one of {}, got '{}'", urls(), out.request.path.substr(0, 64)));
  json::value* body = object.if_contains("body");
  if (body == nullptr || !body->is_object()) return refuse("'body' must be an object");
  out.request.method = method;
  LOCI_TRY(out.request.body, offline_body(std::move(body->get_object())));
  return out;
}

std::string answer_line(std::string_view custom_id, std::string_view request_id,
                        const HttpResponse& response) {
  auto body = parse_json(response.body);
  const json::object line{
      {"id", "batch_req_" + random_hex_id()},
      {"custom_id", custom_id},
      {"response", json::object{{"status_code", response.status},
                                {"request_id", request_id},
                                {"body", body ? std::move(*body) : json::value(response.body)}}},
      {"error", nullptr}};
  return json::serialize(line) + "\n";
}

std::string error_line(const std::optional<std::string>& custom_id, std::int64_t number, const Error& error) {
  const json::object line{
      {"id", "batch_req_" + random_hex_id()},
      {"custom_id", custom_id ? json::value(*custom_id) : json::value(nullptr)},
      {"response", nullptr},
      {"error", json::object{{"code", "invalid_line"}, {"message", error.message}, {"line", number}}}};
  return json::serialize(line) + "\n";
}

Result<AnsweredLine> parse_answered_line(std::string_view line) {
  const auto value = parse_json(line);
  const json::object* object = value ? value->if_object() : nullptr;
  const auto no_answer = [] { return fail(ErrorCode::kCorrupt, "this is no line of a batch's answers"); };
  if (object == nullptr || !object->contains("response") || !object->contains("error")) return no_answer();
  AnsweredLine out;
  const json::value* id = find_field(*object, "custom_id");
  if (id != nullptr && id->is_string()) {
    out.custom_id = id->get_string();
    return out;
  }
  const json::value* error = find_field(*object, "error");
  const json::value* number =
      error != nullptr && error->is_object() ? find_field(error->get_object(), "line") : nullptr;
  const auto integer = number != nullptr ? as_integer(*number) : std::nullopt;
  if (!integer || *integer < 1) return no_answer();
  out.number = *integer;
  return out;
}

}  // namespace loci
