// Requests that move to another replica: waiting ones as the router decides, running ones, with their KV, as
// a policy of cluster/migrate/ does. These in two stages (Llumnix, Sun et al. 2024): what there is of the KV
// is copied while the request runs on; then it stops, and what came since follows.
#include <utility>

#include "base/check.h"
#include "sim/fleet.h"

namespace loci::sim {

void Fleet::plan_rebalance() {
  if (options_.rebalance_every == Duration{} || std::exchange(rebalance_planned_, true)) return;
  queue_.in(options_.rebalance_every, [this] {
    rebalance_planned_ = false;
    if (jobs_.empty()) return;
    rebalance();
    migrate();
    plan_rebalance();
  });
}

void Fleet::rebalance() {
  std::vector<cluster::WaitingRequest> waiting;
  for (int i = 0; i < size(); ++i) {
    if (!is_reachable(i)) continue;
    replica(i).engine().list_sequences(sequences_);
    for (const SequenceOfRequest& one : sequences_) {
      if (one.view.blocks > 0 || one.view.generated() > 0 || !job_of_.contains(one.request)) continue;
      const Job& job = jobs_.at(job_of_.at(one.request).number);
      waiting.push_back({.id = one.request,
                         .replica = i,
                         .cached_tokens = one.view.cached_tokens,
                         .request = route_request(job)});
    }
  }
  for (const cluster::Migration& move : router_->rebalance(waiting, route_view())) {
    const auto known = job_of_.find(move.request);
    if (known == job_of_.end() || !is_reachable(move.to)) continue;
    const JobId id = known->second;
    Job& job = jobs_.at(id.number);
    if (job.replica != move.from) continue;
    leave(job);
    ++counters_.moves;
    send(id, job, move.to, job.decode_on >= 0 ? 1 : job.remaining(), {});
  }
}

cluster::RunningRequest Fleet::running_view(const SequenceOfRequest& sequence, const Job& job) const {
  const auto generated = static_cast<int>(job.output.size());
  const double since_first = job.first_token ? seconds(queue_.now() - *job.first_token) : 0;
  return {.id = sequence.request,
          .replica = job.replica,
          .kv_tokens = sequence.view.computed_tokens,
          .generated = generated,
          .mean_tpot = generated > 1 ? since_first / (generated - 1) : 0,
          .priority = sequence.view.priority};
}

void Fleet::migrate() {
  if (migration_ == nullptr) return;
  std::vector<cluster::RunningRequest> running;
  for (int i = 0; i < size(); ++i) {
    if (!is_reachable(i)) continue;
    replica(i).engine().list_sequences(sequences_);
    for (const SequenceOfRequest& one : sequences_) {
      const auto known = job_of_.find(one.request);
      if (known == job_of_.end() || one.view.generated() < 1 || one.view.blocks == 0) continue;
      const Job& job = jobs_.at(known->second.number);
      if (job.replica == i && job.copied_in_stay != job.stay) running.push_back(running_view(one, job));
    }
  }
  const cluster::MigrationView view{views(), running, options_.transfer};
  for (const cluster::Migration& move : migration_->decide(view, options_.migration_options)) {
    const JobId id = job_of_.at(move.request);
    Job& job = jobs_.at(id.number);
    LOCI_CHECK(job.replica == move.from);
    job.copied_in_stay = job.stay;
    const auto copied = static_cast<double>(job.request.prompt.size() + job.output.size() - 1);
    later(transfer(move.from, copied), id, job, [this, id, to = move.to, copied](Job& moving) {
      moving.copied_in_stay = 0;
      if (!is_reachable(to) || slot(to).state != cluster::ReplicaState::kReady) return;
      ++counters_.migrations;
      hand_over(id, moving, to, copied);
    });
  }
}

}  // namespace loci::sim
