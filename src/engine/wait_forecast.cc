#include "engine/wait_forecast.h"

#include <algorithm>
#include <cmath>

namespace loci {

void QueuedWork::add(int cached, int missing, int choices) {
  prompts.add_slice(cached, missing);
  sequences += choices;
}

QueuedWork& QueuedWork::operator+=(const QueuedWork& other) {
  prompts.tokens += other.prompts.tokens;
  prompts.kv_tokens += other.prompts.kv_tokens;
  prompts.attention_pairs += other.prompts.attention_pairs;
  sequences += other.sequences;
  return *this;
}

QueuedWork& QueuedWork::operator-=(const QueuedWork& other) {
  prompts.tokens -= other.prompts.tokens;
  prompts.kv_tokens -= other.prompts.kv_tokens;
  prompts.attention_pairs -= other.prompts.attention_pairs;
  sequences -= other.sequences;
  return *this;
}

/// Steps until a slot is left for one more when `before` others have taken theirs: as many of those that run
/// must end, and behind these the others, all slots together.
double WaitForecast::steps_until_slot(int before) const {
  if (before < free_slots || steps_left.empty()) return 0;
  const auto place = static_cast<std::size_t>(before - free_slots);
  const auto last = std::min(place, steps_left.size() - 1);
  const double usual = usual_steps > 0 ? usual_steps : steps_left.back();
  const double slots = static_cast<double>(steps_left.size()) + free_slots;
  return steps_left[last] + static_cast<double>(place - last) * usual / slots;
}

/// Seconds until whoever stands behind `queue`, of `share` of the service, begins: the prompts before it must
/// be computed, and while it has no slot the others' tokens too.
double WaitForecast::behind(const QueuedWork& queue, double share) const {
  const double idle = cost.predict({});  // of a step, whatever is computed in it
  const double prompts = queue.sequences > 0 ? (cost.predict(queue.prompts) - idle) / share : 0;
  const double steps = steps_until_slot(static_cast<int>(std::ceil(queue.sequences / share)));
  if (steps == 0) return queue.sequences > 0 ? prompts + idle : 0;
  return prompts + steps * cost.predict(decoding);
}

QueuedWork WaitForecast::uncached(QueuedWork arrivals) const {
  const double share = 1 - usually_cached;
  arrivals.prompts.tokens *= share;
  arrivals.prompts.kv_tokens *= share;
  arrivals.prompts.attention_pairs *= share;
  return arrivals;
}

double WaitForecast::seconds(const QueuedWork& since) const {
  QueuedWork all = waiting;
  return behind(all += uncached(since), 1);
}

double WaitForecast::seconds_of(std::string_view tenant, const QueuedWork& since,
                                const QueuedWork& own) const {
  const double wait = seconds(since);
  if (!fair) return wait;  // other orders promise a tenant nothing
  QueuedWork queue = uncached(own);
  double weight = 1, weights = 0;  // of those that have requests
  bool active = false;             // it is one of them
  for (const Tenant& other : tenants) {
    if (other.active) weights += other.weight;
    if (other.name != tenant) continue;
    queue += other.waiting;
    weight = other.weight;
    active = other.active;
  }
  return std::min(wait, behind(queue, weight / (active ? std::max(weights, weight) : weights + weight)));
}

}  // namespace loci
