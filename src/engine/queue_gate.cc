#include "engine/queue_gate.h"

#include <algorithm>

namespace loci {

QueuedWork arrival_of(const Request& request) {
  QueuedWork queue;
  if (request.service == Service::kOnline)
    queue.add(0, static_cast<int>(request.prompt.size()), request.choices);
  return queue;
}

Result<> QueueGate::enter(const Request& request) {
  Tenant& tenant = find(request.tenant);
  const double wait = wait_of(request.tenant);
  const auto refuse = [](double after, std::string why) {
    return std::unexpected(Error{ErrorCode::kResourceExhausted, std::move(why), "", after});
  };
  if (pending_ >= limit_.max_pending)
    return refuse(wait, fmt::format("the queue is full: {} requests wait or run", pending_));
  if (!leaves_room(tenant))
    return refuse(wait, fmt::format("the queue is nearly full, and {} of its {} requests are yours",
                                    tenant.pending, pending_));
  if (request.service == Service::kOnline && limit_.max_delay > 0 && wait > limit_.max_delay)
    return refuse(
        wait - limit_.max_delay,
        fmt::format("a request that comes now is predicted to wait for {:.0f} s, more than the {:.0f} "
                    "s of --max-queue-delay",
                    wait, limit_.max_delay));
  ++pending_, ++tenant.pending;
  tenant.since += arrival_of(request);
  return {};
}

void QueueGate::leave(const std::string& tenant) {
  --pending_, --find(tenant).pending;
}

void QueueGate::taken(const std::string& tenant, const QueuedWork& arrival) {
  find(tenant).taken += arrival;
}

double QueueGate::wait_of(std::string_view tenant) const {
  const auto known = std::ranges::find(tenants_, tenant, &Tenant::name);
  return forecast_.seconds_of(tenant, since(), known != tenants_.end() ? known->since : QueuedWork{});
}

QueueGate::Tenant& QueueGate::find(std::string_view name) {
  const auto known = std::ranges::find(tenants_, name, &Tenant::name);
  if (known != tenants_.end()) return *known;
  return tenants_.emplace_back(Tenant{.name = std::string(name), .since = {}, .taken = {}});
}

QueuedWork QueueGate::since() const {
  QueuedWork all;
  for (const Tenant& tenant : tenants_) all += tenant.since;
  return all;
}

bool QueueGate::leaves_room(const Tenant& tenant) const {
  if (forecast_.tenants.size() < 2) return true;  // nobody to leave room for
  const auto known = std::ranges::find(forecast_.tenants, tenant.name, &WaitForecast::Tenant::name);
  const double weight = known != forecast_.tenants.end() ? known->weight : 1;
  return static_cast<double>(tenant.pending) <
         kShare * weight * static_cast<double>(limit_.max_pending - pending_);
}

}  // namespace loci
