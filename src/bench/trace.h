// Recorded traffic: who asked how much, and when. The readers know the public traces by what their first line
// says, check every number, and name file and line where one is wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loci::bench {

/// Tokens of a text, exactly or about.
using TokenCounter = std::function<int(std::string_view)>;
/// A text's bytes / 4: what English is with today's vocabularies.
int tokens_by_length(std::string_view text);

struct TraceRequest {
  double at = 0;  // seconds after the first of the trace
  int input_tokens = 0, output_tokens = 0;
  std::vector<std::uint64_t> blocks{};  // Mooncake: a name for each 512 tokens, equal where prefixes are
  std::string text{};                   // of the prompt, where the trace has it
  std::string session{};                // requests of one session follow each other
};

struct Trace {
  std::string format;
  bool timed = true;                     // false: when requests come is not part of it
  std::vector<TraceRequest> requests{};  // by time, within a session too
};

inline constexpr int kTraceBlockTokens = 512;        // of a Mooncake hash id
inline constexpr int kMaxTraceTokens = 100'000'000;  // more in one request is a broken file
inline constexpr std::size_t kMaxTraceBytes = std::size_t{4} << 30;

/// Reads a file, or every file of a folder that ends in .csv or .jsonl (the sessions of an agent trace), as
/// one trace. Formats: Azure LLM inference 2023 and 2024, BurstGPT, Vidur's length statistics (CSV);
/// Mooncake, AIBrix workloads, LMCache agent sessions (JSON lines).
Result<Trace> read_trace(const std::filesystem::path& path, const TokenCounter& counter);

/// The same of a text in memory; `name` is what errors call it.
Result<Trace> parse_trace(std::string_view text, std::string_view name, const TokenCounter& counter);

/// Pairs of prompt and answer lengths, with the prompt's text, of a ShareGPT file (a JSON array of
/// conversations). As in vLLM: the first turn of each conversation of two turns or more, prompts and answers
/// of at least 4 tokens, prompts of at most 1024, together at most 2048.
Result<Trace> read_sharegpt(const std::filesystem::path& path, const TokenCounter& counter);
Result<Trace> parse_sharegpt(std::string_view text, std::string_view name, const TokenCounter& counter);

}  // namespace loci::bench
