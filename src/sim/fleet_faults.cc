// What befalls a fleet (sim/fault/), and how it goes on: jobs of a replica that is gone are placed anew.
#include <algorithm>
#include <utility>

#include "sim/fleet.h"

namespace loci::sim {

void Fleet::crash(int index) {
  replica(index).crash();
  queue_.in(options_.failure_detection, [this, index] {
    if (!replica(index).up()) fail_over(index);
  });
}

/// Its jobs are placed anew, with the tokens that they have.
void Fleet::fail_over(int index) {
  slot(index).state = cluster::ReplicaState::kDown;
  slot(index).stale = true;
  directory_.forget(index);
  std::vector<JobId> lost;
  for (const auto& [number, job] : jobs_)
    if (job.replica == index) lost.push_back({number});
  std::ranges::sort(lost);
  for (const JobId id : lost) {
    const auto where = jobs_.find(id.number);
    if (where == jobs_.end()) continue;
    Job& job = where->second;
    leave(job);
    ++job.moves;
    ++counters_.failovers;
    place(id, job);
  }
}

void Fleet::restart(int index) {
  if (!replica(index).up()) {
    fail_over(index);  // those whose loss nobody has seen yet
    replica(index).restart();
  }
  slot(index).state = cluster::ReplicaState::kReady;
  slot(index).stale = true;
}

void Fleet::drain(int index, bool draining) {
  if (slot(index).state == cluster::ReplicaState::kDown) return;
  slot(index).state = draining ? cluster::ReplicaState::kDraining : cluster::ReplicaState::kReady;
  slot(index).stale = true;
}

void Fleet::cut_off(int index, bool cut) {
  Slot& at = slot(index);
  if (std::exchange(at.cut, cut) == cut) return;
  at.stale = true;
  if (cut) {
    queue_.in(options_.failure_detection, [this, index] {
      if (slot(index).cut) fail_over(index);
    });
    return;
  }
  for (const RequestId orphan : std::exchange(at.orphans, {})) replica(index).cancel(orphan);
  fail_over(index);  // what they said meanwhile is lost
  if (replica(index).up()) at.state = cluster::ReplicaState::kReady;
}

}  // namespace loci::sim
