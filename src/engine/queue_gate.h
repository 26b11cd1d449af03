// Whether one more request may wait: the queue is bounded by number and by predicted time. One rule for the
// live server and for simulated ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/request.h"
#include "engine/wait_forecast.h"

namespace loci {

struct QueueLimit {
  std::int64_t max_pending = 1 << 20;  // requests that wait or run
  double max_delay = 0;                // seconds that an online request may be predicted to wait; 0: any
};

/// What a request adds to the queue before the engine has looked at it.
QueuedWork arrival_of(const Request& request);

/// Counts the requests that wait or run. Requests that entered after the last forecast are added to it: those
/// that come within one step see each other. Not for several threads at once.
class QueueGate {
 public:
  explicit QueueGate(QueueLimit limit) : limit_(limit) {}

  /// Counts the request, until leave(). Or kResourceExhausted that says which bound it breaks, and after how
  /// many seconds to ask again. Where several tenants ask, each leaves room for the others in a full queue:
  /// it may hold kShare times its weight of what is free (Choudhury and Hahne 1998, "Dynamic queue length
  /// thresholds").
  Result<> enter(const Request& request);
  void leave(const std::string& tenant);

  /// The engine has accepted a request of this arrival: the next forecast counts it.
  void taken(const std::string& tenant, const QueuedWork& arrival);
  /// Calls write(forecast), which writes over the last one.
  template <class Write>
  void renew(Write write) {
    write(forecast_);
    for (Tenant& tenant : tenants_) tenant.since -= std::exchange(tenant.taken, {});
  }

  std::int64_t pending() const { return pending_; }
  /// Seconds until a request of `tenant` that came now would begin.
  double wait_of(std::string_view tenant) const;
  /// The same of whoever has not asked before.
  double wait() const { return forecast_.seconds(since()); }

 private:
  static constexpr double kShare = 8;
  struct Tenant {
    std::string name;
    std::int64_t pending = 0;
    QueuedWork since, taken;  // those after the forecast; of them, those that the next one has
  };
  Tenant& find(std::string_view name);
  QueuedWork since() const;
  bool leaves_room(const Tenant& tenant) const;

  QueueLimit limit_;
  WaitForecast forecast_;
  std::int64_t pending_ = 0;
  std::vector<Tenant> tenants_;  // principals that the operator named, and so few
};

}  // namespace loci
