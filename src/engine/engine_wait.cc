// How long a request that came now would wait: by this requests are refused before they wait in vain.
#include <algorithm>
#include <cmath>

#include "engine/engine.h"

namespace loci {

/// Steps until each of the running sequences has generated what it may, or what is usual, the first to end
/// first.
void Engine::count_steps_left() {
  steps_left_.clear();
  for (const auto& sequence : running_) {
    const int to_come = std::max(1, sequence->request->request.max_tokens - sequence->generated());
    const double usual = std::max(mean_output_ - sequence->generated(), mean_output_ / 4);
    steps_left_.push_back(mean_output_ > 0 ? std::min<double>(to_come, usual) : to_come);
  }
  std::ranges::sort(steps_left_);
}

/// Seconds until a slot is left for one more when `before` others have taken theirs: of those that run as
/// many must end, and behind these requests end as they did of late, or, where that is not known, as often as
/// these do.
double Engine::seconds_until_slot(int before) const {
  const int free = parts_.limits.step.max_sequences - running();
  if (before < free || steps_left_.empty()) return 0;
  const auto place = static_cast<std::size_t>(before - free);
  const auto last = std::min(place, steps_left_.size() - 1);
  const double turn =
      mean_turn_ > 0 ? mean_turn_ : mean_step_ * steps_left_.back() / static_cast<double>(steps_left_.size());
  return mean_step_ * steps_left_[last] + turn * static_cast<double>(place - last);
}

/// Seconds until whoever stands behind `queue`, of `share` of the service, begins: as many must end as stand
/// before it and one more, and their prompts must be computed.
double Engine::wait_behind(const Queue& queue, double share) const {
  const int before = static_cast<int>(std::ceil(queue.sequences / share));
  const double prompts = queue.sequences > 0 ? cost_.predict(queue.prompts) / share : 0;
  return std::max(prompts, seconds_until_slot(before));
}

double Engine::report_tenants(std::vector<TenantStats>& out) {
  tenants_.report(out);
  count_steps_left();
  Queue all;
  queues_.assign(out.size(), {});
  for (const auto& sequence : waiting_) {
    const int cached = sequence->match.blocks() * parts_.limits.block_tokens;
    const int missing = std::max(1, sequence->known() - cached);
    for (Queue* queue : {&all, &queues_[static_cast<std::size_t>(sequence->request->tenant)]}) {
      queue->prompts.add_slice(cached, missing);
      ++queue->sequences;
    }
  }
  const double wait = wait_behind(all, 1);
  double weights = 0;  // of those that have requests
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].requests > 0) weights += tenants_.views()[i].weight;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].predicted_wait = wait;
    if (parts_.policies.order != order_fair) continue;  // other orders promise a tenant nothing
    const double weight = tenants_.views()[i].weight;
    const double share = weight / (out[i].requests > 0 ? weights : weights + weight);
    out[i].predicted_wait = std::min(wait, wait_behind(queues_[i], share));
  }
  return wait;
}

}  // namespace loci
