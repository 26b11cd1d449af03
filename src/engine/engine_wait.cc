// What the engine foresees for a request that came now: by this requests are refused before they wait in
// vain.
#include <algorithm>

#include "engine/engine.h"

namespace loci {

/// Steps until each of the running sequences has generated what it may, or what is usual, the first to end
/// first.
void Engine::count_steps_left(std::vector<double>& steps) const {
  steps.clear();
  for (const auto& sequence : running_) {
    const int to_come = std::max(1, sequence->request->request.max_tokens - sequence->generated());
    const double usual = std::max(mean_output_ - sequence->generated(), mean_output_ / 4);
    steps.push_back(mean_output_ > 0 ? std::min<double>(to_come, usual) : to_come);
  }
  std::ranges::sort(steps);
}

void Engine::foresee(WaitForecast& out) const {
  const std::span<const TenantView> tenants = tenants_.views();
  out.waiting = {};
  out.tenants.resize(tenants.size());
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    WaitForecast::Tenant& tenant = out.tenants[i];
    tenant.name = tenants_.name(static_cast<int>(i));
    tenant.weight = tenants[i].weight;
    tenant.active = tenants_.requests(static_cast<int>(i)) > 0;
    tenant.waiting = {};
  }
  for (const auto& sequence : waiting_) {
    const ActiveRequest& request = *sequence->request;
    if (request.request.service == Service::kOffline) continue;  // online requests go first
    const int cached = sequence->match.blocks() * parts_.limits.block_tokens;
    const int missing = std::max(1, sequence->known() - cached);
    for (QueuedWork* queue : {&out.waiting, &out.tenants[static_cast<std::size_t>(request.tenant)].waiting})
      queue->add(cached, missing, 1);
  }
  out.fair = parts_.policies.order == order_fair;
  out.free_slots = parts_.limits.step.max_sequences - running();
  count_steps_left(out.steps_left);
  out.usual_steps = mean_output_;
  out.usually_cached = mean_cached_;
  out.decoding = {};
  for (const auto& sequence : running_) out.decoding.add_slice(sequence->known() - 1, 1);
  out.cost = cost_;
}

}  // namespace loci
