// What is asked: sessions of one turn or of many, each a pure function of the options and its number, so that
// a run of any length takes no memory for its prompts and every run with one seed asks the same.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/prompt.h"
#include "bench/trace.h"

namespace loci::bench {

struct Turn {
  Conversation messages{};  // put behind those of the turns before and their answers
  bool whole = false;       // the messages are the whole prompt: what came before is part of them
  int output_tokens = 0;
  double think = 0;       // seconds from the end of the turn before
  int listed_tokens = 0;  // of the prompt, where it is text and a trace says how long it is
};

struct Session {
  std::optional<double> at{};  // seconds from the start; none: the arrival process says
  int part = 0;                // index into Workload::parts()
  std::vector<Turn> turns{};
};

/// Sessions of this number and above are for warming up: never the same as the measured ones, but with their
/// prefixes.
inline constexpr std::size_t kWarmupSessions = std::size_t{1} << 40;

class Workload {
 public:
  virtual ~Workload() = default;
  /// Session `index`; nullopt behind the last.
  virtual std::optional<Session> session(std::size_t index) const = 0;
  /// True where sessions say when they begin.
  virtual bool timed() const { return false; }
  /// What a mix is made of; reported apart where there is more than one.
  virtual std::vector<std::string> parts() const { return {"all"}; }
};

struct WorkloadOptions {
  std::string dataset = "random";
  std::optional<int> input_len{}, output_len{}, prefix_len{}, num_prefixes{}, turns{};
  double prefix_zipf = 0;  // how unevenly prefixes are asked for: the k-th as often as 1 / k^s (0: all alike)
  double range_ratio = 0;  // lengths are uniform in [len * (1 - r), len * (1 + r)]
  std::optional<double> think_seconds{};  // mean of exponential pauses
  std::filesystem::path file{};           // ShareGPT
  std::filesystem::path trace{};
  double trace_speedup = 1;
  std::string mix{};
  std::uint64_t seed = 0;
  std::uint64_t prefix_seed = 4711;  // of prefixes that sessions share: the same in every run by default
  TokenCounter counter = tokens_by_length;
};

/// Names of datasets, for help texts.
inline constexpr std::string_view kDatasets =
    "random, sharegpt, shared-prefix, multi-turn, long-context, mixed, trace";

/// kInvalidArgument names the option at fault; errors of files as in bench/trace.h.
Result<std::unique_ptr<Workload>> make_workload(const WorkloadOptions& options);

}  // namespace loci::bench
