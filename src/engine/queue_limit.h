// Whether one more request may wait: the queue is bounded by number and by predicted time. One rule for the
// live server and for simulated ones.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "sched/view.h"

namespace loci {

struct QueueLimit {
  std::int64_t max_pending = 1 << 20;  // requests that wait or run
  double max_delay = 0;                // seconds that an online request may be predicted to wait; 0: any
};

struct QueueState {
  std::int64_t pending = 0;
  double predicted_wait = 0;  // seconds, of a request of this tenant that came now
};

/// kResourceExhausted that says which bound it breaks, and after how many seconds to ask again.
Result<> check_queue(const QueueLimit& limit, const QueueState& state, Service service);

}  // namespace loci
