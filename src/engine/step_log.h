// What an engine was asked, when it stepped and what its steps decided, as lines of JSON: enough to run the
// same steps again without the model (sim/replay.h), where every plan must have the same hash.
//
//   {"log":"loci-steps","version":1,"limits":{...},"policies":{...}}
//   {"accept":7,"at":123,"prompt":[...],"max_tokens":16,...}      times: nanoseconds of the engine's clock
//   {"cancel":7,"at":456}
//   {"step":789,"hash":"...","rows":12,"failed":false}
//   {"out":7,"choice":0,"tokens":[5],"ends":true}                 what the step brought
//   {"deliver":999}
//
// Prompts are in it, as tokens. A log begins with the engine; one that has reached its limit of bytes, or
// that cannot be written, ends, and says so once.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/engine_config.h"

namespace loci {

class StepLogWriter {
 public:
  /// kIo where the file cannot be made.
  static Result<std::unique_ptr<StepLogWriter>> create(const std::filesystem::path& path,
                                                       std::uint64_t max_bytes, const EngineLimits& limits,
                                                       const EngineConfig& config);

  void accept(RequestId id, const Request& request, Time arrival);
  void cancel(RequestId id, Time now);
  void step(Time now, const EngineCounters& before, const EngineCounters& after);
  void event(RequestId id, const Event& event);
  void deliver(Time now);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  StepLogWriter(std::FILE* file, std::uint64_t max_bytes) : file_(file), left_(max_bytes) {}
  void write(const std::string& line);

  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t left_;
  std::string line_;
};

/// One turn of the live loop, as it was logged.
struct LoggedTurn {
  struct Accept {
    RequestId id;
    Request request;
    Time arrival;
  };
  struct Cancel {
    RequestId id;
    Time at;
  };
  struct Output {
    RequestId id;
    int choice;
    std::vector<TokenId> tokens;
    bool ends;
  };
  std::vector<std::variant<Accept, Cancel>> commands;  // before the step, in order
  Time step{}, deliver{};
  std::uint64_t hash = 0;
  bool failed = false;
  std::vector<Output> outputs;
};

struct StepLog {
  EngineLimits limits{};
  EngineConfig config{};
  std::vector<LoggedTurn> turns;  // whole ones: what a log breaks off in is left out
};

/// kCorrupt naming file and line; kUnsupported for requests that cannot run without the model (beam search,
/// embeddings).
Result<StepLog> read_step_log(const std::filesystem::path& path);

}  // namespace loci
