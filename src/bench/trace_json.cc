// Traces as JSON lines, and ShareGPT's array of conversations.
#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "bench/trace_formats.h"

namespace loci::bench {
namespace {

constexpr double kMaxSeconds = 1e12;

Result<double> time_at(const Lines& lines, const json::object& object, double unit) {
  const json::value* value = find_field(object, "timestamp");
  if (value == nullptr || !value->is_number()) return lines.refuse("'timestamp' is no number");
  const double seconds = value->to_number<double>() * unit;
  if (!(seconds >= 0 && seconds < kMaxSeconds))
    return lines.refuse("'timestamp' {} is below 0 or beyond all time", value->to_number<double>());
  return seconds;
}

Result<int> tokens_at(const Lines& lines, const json::object& object, std::string_view key) {
  const json::value* value = find_field(object, key);
  if (value == nullptr || !value->is_int64()) return lines.refuse("'{}' is no whole number", key);
  const std::int64_t tokens = value->get_int64();
  if (tokens < 0 || tokens > kMaxTraceTokens)
    return lines.refuse("'{}' {} is not in 0..{}", key, tokens, kMaxTraceTokens);
  return static_cast<int>(std::max<std::int64_t>(tokens, 1));
}

Result<std::string> string_at(const Lines& lines, const json::object& object, std::string_view key) {
  const json::value* value = find_field(object, key);
  if (value == nullptr || !value->is_string()) return lines.refuse("'{}' is no string", key);
  return std::string(value->get_string());
}

/// {"timestamp": ms, "input_length": n, "output_length": n, "hash_ids": [...]}
Result<> read_mooncake(const Lines& lines, const json::object& object, Trace& trace) {
  TraceRequest request;
  LOCI_TRY(request.at, time_at(lines, object, 1e-3));
  LOCI_TRY(request.input_tokens, tokens_at(lines, object, "input_length"));
  LOCI_TRY(request.output_tokens, tokens_at(lines, object, "output_length"));
  const json::value* ids = find_field(object, "hash_ids");
  if (ids != nullptr && !ids->is_array()) return lines.refuse("'hash_ids' is no array");
  const auto blocks = static_cast<std::size_t>((request.input_tokens - 1) / kTraceBlockTokens + 1);
  if (ids != nullptr && ids->get_array().size() > blocks)
    return lines.refuse("{} 'hash_ids' for {} tokens: at most one for {}", ids->get_array().size(),
                        request.input_tokens, kTraceBlockTokens);
  if (ids != nullptr)
    for (const json::value& id : ids->get_array()) {
      if (!id.is_int64() || id.get_int64() < 0) return lines.refuse("'hash_ids' holds no whole numbers");
      request.blocks.push_back(static_cast<std::uint64_t>(id.get_int64()));
    }
  trace.requests.push_back(std::move(request));
  return {};
}

/// {"timestamp": ms, "requests": [{"Prompt Length": n, "Output Length": n, "prompt": "..."}]}
Result<> read_aibrix(const Lines& lines, const json::object& object, Trace& trace) {
  LOCI_TRY(const double at, time_at(lines, object, 1e-3));
  const json::value* requests = find_field(object, "requests");
  if (requests == nullptr || !requests->is_array()) return lines.refuse("'requests' is no array");
  for (const json::value& value : requests->get_array()) {
    const json::object* one = value.if_object();
    if (one == nullptr) return lines.refuse("'requests' holds something else than objects");
    TraceRequest request;
    request.at = at;
    LOCI_TRY(request.input_tokens, tokens_at(lines, *one, "Prompt Length"));
    LOCI_TRY(request.output_tokens, tokens_at(lines, *one, "Output Length"));
    LOCI_TRY(request.text, string_at(lines, *one, "prompt"));
    trace.requests.push_back(std::move(request));
  }
  return {};
}

/// {"timestamp": microseconds, "input": "...", "output": "...", "session_id": "..."}
Result<> read_agent(const Lines& lines, const json::object& object, const TokenCounter& counter,
                    Trace& trace) {
  TraceRequest request;
  LOCI_TRY(request.at, time_at(lines, object, 1e-6));
  LOCI_TRY(request.text, string_at(lines, object, "input"));
  LOCI_TRY(const std::string output, string_at(lines, object, "output"));
  LOCI_TRY(request.session, string_at(lines, object, "session_id"));
  if (request.text.empty()) return {};  // the recorder's calls without a prompt
  request.input_tokens = std::max(1, counter(request.text));
  request.output_tokens = std::max(1, counter(output));
  trace.requests.push_back(std::move(request));
  return {};
}

std::string_view format_of(const json::object& first) {
  if (find_field(first, "input_length") != nullptr) return "mooncake";
  if (find_field(first, "requests") != nullptr) return "aibrix";
  if (find_field(first, "session_id") != nullptr) return "agent";
  return "";
}

/// The text of message `index` of a conversation; empty where there is none.
std::string_view message_text(const json::array& messages, std::size_t index) {
  const json::object* message = index < messages.size() ? messages[index].if_object() : nullptr;
  const json::value* value = message != nullptr ? find_field(*message, "value") : nullptr;
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

}  // namespace

Result<Trace> parse_json_lines(std::string_view text, std::string_view name, const TokenCounter& counter) {
  Lines lines(text, name);
  Trace trace;
  for (std::string_view line; lines.next(line);) {
    const auto value = parse_json(line);
    if (!value) return lines.refuse(value.error());
    const json::object* object = value->if_object();
    if (object == nullptr) return lines.refuse("no JSON object");
    if (trace.format.empty()) trace.format = format_of(*object);
    trace.timed = trace.format != "agent";  // when its calls came depends on how fast they were answered
    if (trace.format.empty())
      return lines.refuse(
          "neither a Mooncake, AIBrix nor agent trace: no 'input_length', 'requests' or "
          "'session_id'");
    LOCI_TRY_VOID(trace.format == "mooncake" ? read_mooncake(lines, *object, trace)
                  : trace.format == "aibrix" ? read_aibrix(lines, *object, trace)
                                             : read_agent(lines, *object, counter, trace));
  }
  return trace;
}

Result<Trace> parse_sharegpt(std::string_view text, std::string_view name, const TokenCounter& counter) {
  constexpr int kMinTokens = 4, kMaxPrompt = 1024, kMaxTogether = 2048;
  auto value = parse_json(text);
  if (!value) return std::unexpected(std::move(value.error()).in(name));
  const json::array* conversations = value->if_array();
  if (conversations == nullptr)
    return fail(ErrorCode::kCorrupt, "{}: no array of conversations, as ShareGPT files are", name);
  Trace trace{"sharegpt", false, {}};
  for (const json::value& entry : *conversations) {
    const json::object* object = entry.if_object();
    const json::value* found = object != nullptr ? find_field(*object, "conversations") : nullptr;
    const json::array* messages = found != nullptr ? found->if_array() : nullptr;
    if (messages == nullptr)
      return fail(ErrorCode::kCorrupt, "{}: conversation {} has no array 'conversations'", name,
                  &entry - conversations->data() + 1);
    const std::string_view prompt = message_text(*messages, 0), answer = message_text(*messages, 1);
    if (prompt.empty() || answer.empty()) continue;
    TraceRequest request;
    request.input_tokens = counter(prompt);
    request.output_tokens = counter(answer);
    if (request.input_tokens < kMinTokens || request.output_tokens < kMinTokens ||
        request.input_tokens > kMaxPrompt || request.input_tokens + request.output_tokens > kMaxTogether)
      continue;
    request.text = prompt;
    trace.requests.push_back(std::move(request));
  }
  if (trace.requests.empty())
    return fail(ErrorCode::kCorrupt, "{}: no conversation of a fitting length", name);
  return trace;
}

}  // namespace loci::bench
