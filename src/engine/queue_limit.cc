#include "engine/queue_limit.h"

namespace loci {

Result<> check_queue(const QueueLimit& limit, const QueueState& state, Service service) {
  const double wait = state.predicted_wait;
  const auto refuse = [](double after, std::string why) {
    return std::unexpected(Error{ErrorCode::kResourceExhausted, std::move(why), "", after});
  };
  if (state.pending >= limit.max_pending)
    return refuse(wait, fmt::format("the queue is full: {} requests wait or run", state.pending));
  if (service == Service::kOnline && limit.max_delay > 0 && wait > limit.max_delay)
    return refuse(
        wait - limit.max_delay,
        fmt::format("a request that comes now is predicted to wait for {:.0f} s, more than the {:.0f} "
                    "s of --max-queue-delay",
                    wait, limit.max_delay));
  return {};
}

}  // namespace loci
