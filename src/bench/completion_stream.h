// What one streamed answer says: the times at which output came, tokens, usage, errors. Reads the events of
// /v1/completions and /v1/chat/completions as OpenAI, vLLM, llama.cpp's server and Loci write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"

namespace loci::bench {

/// How the tokens of an answer were counted, best first.
enum class CountSource { kUsage, kTokenIds, kLogprobs, kChunks };
std::string_view name_of(CountSource source);

struct TokenCount {
  int tokens = 0;
  CountSource source = CountSource::kChunks;
};

class CompletionStream {
 public:
  /// `keep_text`: the answer's text is wanted, not only its times.
  explicit CompletionStream(bool keep_text) : keep_text_(keep_text) {}

  /// The data of one event that came at `now` (seconds). kCorrupt where it is no event of such a stream,
  /// kUnavailable with the server's words where it is an error.
  Result<> take(std::string_view data, double now);

  bool ended() const { return ended_; }  // "[DONE]", or the reason why the answer ended
  /// When output came: text, reasoning, a tool call or tokens. An answer of text that never became whole
  /// characters has the time of its first chunk.
  std::vector<double> output_times() const;
  TokenCount count() const;
  /// For each of output_times(), how many tokens it brought: as stated in the chunk, else the answer's
  /// tokens spread evenly.
  std::vector<int> tokens_of_chunks() const;

  const std::optional<int>& prompt_tokens() const { return prompt_tokens_; }
  const std::optional<int>& cached_tokens() const { return cached_tokens_; }
  const std::vector<TokenId>& ids() const { return ids_; }  // empty where the server does not name them
  const std::string& text() const { return text_; }         // with keep_text

 private:
  struct Chunk {
    double time;
    int ids, logprobs;  // tokens stated; 0: not stated
  };

  void take_usage(const json::object& usage);
  void take_choice(const json::object& choice, double now);

  bool keep_text_, ended_ = false;
  std::optional<double> first_choice_;
  std::vector<Chunk> chunks_;
  std::optional<int> prompt_tokens_, completion_tokens_, cached_tokens_;
  std::vector<TokenId> ids_;
  std::string text_;
};

}  // namespace loci::bench
