#include "sim/plan/sensitivity.h"

#include <algorithm>
#include <cmath>

namespace loci::sim {
namespace {

struct Change {
  std::string name;
  Question question;
};

std::vector<Change> changes(const Question& question, const Load& load) {
  std::vector<Change> all;
  Question more = question;
  more.rate *= 1.2;
  more.workload.trace_speedup *= 1.2;
  all.push_back({"20 % more requests a second", std::move(more)});
  if (question.slo.ttft) {
    Question sooner = question;
    *sooner.slo.ttft /= 2;
    all.push_back({fmt::format("TTFT within {:g} ms", 1e3 * *sooner.slo.ttft), std::move(sooner)});
  }
  // Answers of one length: twice that of the mean. Where lengths differ, twice each cannot be said.
  Question longer = question;
  longer.workload.output_len = std::max(1, static_cast<int>(std::lround(2 * load.mean_output)));
  all.push_back({fmt::format("answers of {} tokens", *longer.workload.output_len), std::move(longer)});
  return all;
}

}  // namespace

Result<std::vector<Sensitivity>> sensitivity_of(const Question& question, const Load& load,
                                                const Trial& winner, const Watcher& watcher) {
  constexpr int kAtMost = 3;  // times as many replicas as there are
  std::vector<Sensitivity> all;
  for (Change& change : changes(question, load)) {
    Trials trials(change.question, watcher);
    const auto& [layout, replicas] = winner.arrangement;
    LOCI_TRY(Trial unchanged, trials.run(winner.arrangement, load.requests));
    const int most =
        std::max(replicas, std::min(kAtMost * replicas, question.max_machines / layout.machines));
    LOCI_TRY(auto enough, trials.fewest(layout, replicas, replicas, most, load.requests));
    all.push_back({std::move(change.name), std::move(unchanged), std::move(enough)});
  }
  return all;
}

}  // namespace loci::sim
