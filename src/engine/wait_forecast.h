// How long a request that came now would wait: what the engine knows of it after a step, as a value, so that
// requests which have come since can be counted besides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sched/cost_model.h"

namespace loci {

/// Online requests that stand before another one.
struct QueuedWork {
  StepWork prompts;   // what of their prompts is to be computed
  int sequences = 0;  // that will each take a slot
  /// A request of so many choices, of whose prompt `missing` tokens behind `cached` ones are to be computed.
  void add(int cached, int missing, int choices);
  QueuedWork& operator+=(const QueuedWork& other);
  QueuedWork& operator-=(const QueuedWork& other);
};

struct WaitForecast {
  struct Tenant {
    std::string name;
    double weight = 1;
    bool active = false;  // has requests
    QueuedWork waiting{};
  };

  QueuedWork waiting;           // of all tenants
  std::vector<Tenant> tenants;  // those that the engine knows
  bool fair = false;            // the order gives each tenant its share
  int free_slots = 0;
  std::vector<double> steps_left;  // of each running sequence until it ends, ascending
  double usual_steps = 0;          // of an answer; 0: not known
  double usually_cached = 0;       // part of a prompt
  StepWork decoding;               // of a step in which each running sequence generates
  CostModel cost;

  /// Seconds until a request begins that comes behind `since`: whole prompts that came after the forecast was
  /// made, of which as much is expected to be cached as usual.
  double seconds(const QueuedWork& since = {}) const;
  /// The same of a request of `tenant`, of whose requests `own` came since: a fair order gives it its share,
  /// however much the others ask for.
  double seconds_of(std::string_view tenant, const QueuedWork& since = {}, const QueuedWork& own = {}) const;

 private:
  QueuedWork uncached(QueuedWork arrivals) const;
  double behind(const QueuedWork& queue, double share) const;
  double steps_until_slot(int before) const;
};

}  // namespace loci
