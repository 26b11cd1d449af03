// Arrangements, tried: each is simulated once for one load, and remembered.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/plan/question.h"

namespace loci::sim {

/// What one simulation said of an arrangement.
struct Trial {
  Arrangement arrangement;
  std::uint64_t requests = 0;
  double attained = 0;  // share of the requests that met every limit; those without an end did not
  bool meets = false;   // as many as were asked for
  bool ended = true;    // every request did; else the figures are of those that did
  std::map<std::string, double> metrics;  // of SimReport
  std::string provenance;
};

/// Called before each simulation: how many there were, and what comes.
using Watcher = std::function<void(int tried, const std::string& what)>;

class Trials {
 public:
  Trials(const Question& question, Watcher watcher) : question_(question), watcher_(std::move(watcher)) {}

  const Question& question() const { return question_; }
  /// Errors of measure() and simulate(); kCorrupt where the simulated fleet broke a law.
  Result<Trial> run(const Arrangement& arrangement, std::uint64_t requests);
  /// The fewest replicas, `least` to `most`, with which the layout meets what is asked, supposing that more
  /// of them are never worse. Looks first near `start`. Without a value where `most` do not.
  Result<std::optional<Trial>> fewest(const Layout& layout, int start, int least, int most,
                                      std::uint64_t requests);
  Result<Load> load(std::uint64_t requests);
  /// All that was simulated, in the order of the first time.
  const std::vector<Trial>& all() const { return all_; }

 private:
  const Question question_;
  Watcher watcher_;
  std::vector<Trial> all_;
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> known_;  // index into all_
  std::map<std::uint64_t, Load> loads_;
};

}  // namespace loci::sim
