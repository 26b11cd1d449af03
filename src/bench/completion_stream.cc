#include "bench/completion_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace loci::bench {
namespace {

const json::object* object_at(const json::object& parent, std::string_view key) {
  const json::value* value = find_field(parent, key);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& parent, std::string_view key) {
  const json::value* value = find_field(parent, key);
  return value != nullptr ? value->if_array() : nullptr;
}

std::string_view text_at(const json::object& parent, std::string_view key) {
  const json::value* value = find_field(parent, key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::optional<int> count_at(const json::object& parent, std::string_view key) {
  const json::value* value = find_field(parent, key);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const std::int64_t count = value->get_int64();
  if (count < 0 || count > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(count);
}

/// The server's words of an error inside a stream; empty where the event is none.
std::string error_of(const json::object& event) {
  if (const json::object* error = object_at(event, "error")) {
    const std::string_view message = text_at(*error, "message");
    return message.empty() ? "error" : std::string(message);
  }
  if (text_at(event, "object") == "error") return std::string(text_at(event, "message"));
  return std::string(text_at(event, "error"));
}

int logprob_tokens(const json::object& choice) {
  const json::object* logprobs = object_at(choice, "logprobs");
  if (logprobs == nullptr) return 0;
  for (const char* key : {"tokens", "content"})
    if (const json::array* tokens = array_at(*logprobs, key)) return static_cast<int>(tokens->size());
  return 0;
}

}  // namespace

std::string_view name_of(CountSource source) {
  switch (source) {
    case CountSource::kUsage:
      return "usage";
    case CountSource::kTokenIds:
      return "token_ids";
    case CountSource::kLogprobs:
      return "logprobs";
    case CountSource::kChunks:
      return "chunks";
  }
  std::unreachable();
}

Result<> CompletionStream::take(std::string_view data, double now) {
  if (data == "[DONE]") {
    ended_ = true;
    return {};
  }
  LOCI_TRY(const json::value value, parse_json(data));
  const json::object* event = value.if_object();
  if (event == nullptr) return fail(ErrorCode::kCorrupt, "an event of the stream is no JSON object");
  if (const std::string error = error_of(*event); !error.empty())
    return fail(ErrorCode::kUnavailable, "{}", error);
  if (const json::object* usage = object_at(*event, "usage")) take_usage(*usage);
  if (const json::array* choices = array_at(*event, "choices"); choices != nullptr && !choices->empty())
    if (const json::object* choice = choices->front().if_object()) take_choice(*choice, now);
  return {};
}

void CompletionStream::take_usage(const json::object& usage) {
  if (const auto tokens = count_at(usage, "prompt_tokens")) prompt_tokens_ = tokens;
  if (const auto tokens = count_at(usage, "completion_tokens")) completion_tokens_ = tokens;
  if (const json::object* details = object_at(usage, "prompt_tokens_details"))
    if (const auto tokens = count_at(*details, "cached_tokens")) cached_tokens_ = tokens;
}

void CompletionStream::take_choice(const json::object& choice, double now) {
  if (!first_choice_) first_choice_ = now;
  const bool finished = !text_at(choice, "finish_reason").empty();
  ended_ |= finished;
  const json::object* delta = object_at(choice, "delta");
  const std::string_view text = delta != nullptr ? text_at(*delta, "content") : text_at(choice, "text");
  bool output = !text.empty();
  if (delta != nullptr)
    output |= !text_at(*delta, "reasoning_content").empty() || !text_at(*delta, "reasoning").empty() ||
              array_at(*delta, "tool_calls") != nullptr;
  Chunk chunk{now, 0, logprob_tokens(choice)};
  if (const json::array* ids = array_at(choice, "token_ids")) {
    chunk.ids = static_cast<int>(ids->size());
    for (const json::value& id : *ids)
      if (id.is_int64()) ids_.push_back(static_cast<TokenId>(id.get_int64()));
  }
  if (keep_text_) text_ += text;
  if (output || chunk.ids > 0 || chunk.logprobs > 0) chunks_.push_back(chunk);
}

std::vector<double> CompletionStream::output_times() const {
  std::vector<double> times;
  for (const Chunk& chunk : chunks_) times.push_back(chunk.time);
  if (times.empty() && first_choice_ && completion_tokens_.value_or(0) > 0) times.push_back(*first_choice_);
  return times;
}

TokenCount CompletionStream::count() const {
  if (completion_tokens_) return {*completion_tokens_, CountSource::kUsage};
  int ids = 0, logprobs = 0;
  for (const Chunk& chunk : chunks_) {
    ids += chunk.ids;
    logprobs += chunk.logprobs;
  }
  if (ids > 0) return {ids, CountSource::kTokenIds};
  if (logprobs > 0) return {logprobs, CountSource::kLogprobs};
  return {static_cast<int>(chunks_.size()), CountSource::kChunks};
}

std::vector<int> CompletionStream::tokens_of_chunks() const {
  const int total = count().tokens;
  const auto stated = [&](auto member) {
    std::vector<int> tokens;
    int sum = 0;
    for (const Chunk& chunk : chunks_) sum += tokens.emplace_back(chunk.*member);
    return sum == total ? tokens : std::vector<int>();
  };
  if (auto tokens = stated(&Chunk::ids); !tokens.empty()) return tokens;
  if (auto tokens = stated(&Chunk::logprobs); !tokens.empty()) return tokens;
  const auto chunks = static_cast<std::int64_t>(output_times().size());
  std::vector<int> tokens;
  for (std::int64_t i = 0; i < chunks; ++i)
    tokens.push_back(static_cast<int>(total * (i + 1) / chunks - total * i / chunks));
  return tokens;
}

}  // namespace loci::bench
