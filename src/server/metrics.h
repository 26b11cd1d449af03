// The metrics of one server in Prometheus' text form, under vLLM's names where it has one. Registered here
// and nowhere else. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "engine/live_engine.h"

namespace loci {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// Registers what carries the label model_name. Before the first call below that is about a generation.
  void attach(std::string_view model_name);

  void count_http_request(std::string_view route, int status);
  void first_token(Duration since_request);
  void next_token(Duration since_previous);
  void finished(FinishReason reason, Duration since_request);

  /// `stats` is null until a model is attached.
  std::string render(const EngineStats* stats);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace loci
