// Replicas behind a router, in virtual time: jobs are placed, handed over with their KV, moved, and placed
// anew when a replica dies. Every job ends exactly once, and every token is compared with what the oracle
// says without scheduling: law 1 and law 3 for a whole fleet.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/migrate/migrate.h"
#include "cluster/route/route.h"
#include "sim/job.h"
#include "sim/oracle_cache.h"
#include "sim/replica.h"

namespace loci::sim {

struct FleetOptions {
  struct Member {
    ReplicaOptions replica;
    cluster::ReplicaRole role = cluster::ReplicaRole::kMixed;
    double weight = 1;
  };
  std::vector<Member> members;
  std::string router = "round-robin";
  cluster::RouterOptions router_options{};
  cluster::TransferCost transfer{};
  Duration event_delay{};      // of block events on their way to the router
  Duration rebalance_every{};  // of those who wait, and of those who run; 0: never
  std::string migration{};     // of those who run: a policy's name; empty: none
  cluster::MigrationOptions migration_options{};
  Duration failure_detection = std::chrono::seconds(1);  // from a crash until its jobs are placed anew
  bool check_tokens = true;
  bool use_directory = true;  // replicas tell the router which blocks they have
  bool oracle_cache = false;  // what it asks for is recorded, for Fleet::oracle_hits()
  std::uint64_t seed = 0;
};

struct FleetCounters {
  std::uint64_t handovers = 0, moves = 0, migrations = 0, failovers = 0, fetches = 0;
  double moved_bytes = 0;
  std::uint64_t wrong_tokens = 0;  // that differ from the oracle's: always a bug
};

class Fleet {
 public:
  static Result<std::unique_ptr<Fleet>> create(const FleetOptions& options, EventQueue& queue);

  /// The job's listener hears of it until its end, which may come before submit() returns (a refusal).
  void submit(JobId id, Request request, std::uint64_t session, JobListener& listener);
  /// Unknown or ended jobs are ignored.
  void cancel(JobId id);

  int size() const { return static_cast<int>(replicas_.size()); }
  Replica& replica(int index) { return *replicas_[static_cast<std::size_t>(index)]; }
  const Replica& replica(int index) const { return *replicas_[static_cast<std::size_t>(index)]; }
  const FleetCounters& counters() const { return counters_; }
  /// Prompt tokens that a cache which knows the future, as large as those of all replicas, would have found.
  double oracle_hits() const;

  // Faults (sim/fault/).
  void crash(int replica);
  void restart(int replica);
  void drain(int replica, bool draining);
  /// Nothing comes to or from it; its steps go on, and what it says is lost.
  void cut_off(int replica, bool cut);
  void damage_payloads(double share) { damaged_share_ = share; }

  /// Of all plans of all replicas so far: equal runs decide equally.
  std::uint64_t state_hash() const;
  /// Where blocks are held or jobs are left although the fleet is idle; empty: nowhere.
  std::vector<std::string> find_faults() const;

 private:
  struct Slot {
    cluster::ReplicaState state = cluster::ReplicaState::kReady;
    bool cut = false;
    bool stale = true;  // its view
    Time link_free{};   // when its link has sent what it was given
    double recent_tpot = 0;
    std::vector<RequestId> orphans;  // that run on although their jobs have gone elsewhere
  };

  Fleet(const FleetOptions& options, EventQueue& queue, std::unique_ptr<cluster::Router> router);
  void place(JobId id, Job& job);
  void place_later(JobId id, Job& job);
  void fetch(JobId id, Job& job, const cluster::RouteDecision& decision, int max_tokens);
  void damage(KvPayload& kv);  // as often as a fault says
  void send(JobId id, Job& job, int replica, int max_tokens, std::optional<KvPayload> kv);
  void hear(JobId id, std::uint64_t stay, Event&& event);
  void hear_tokens(JobId id, Job& job, const Event& event);
  void hand_over(JobId id, Job& job, int to, double tokens_sent_before);
  void leave(Job& job);
  void fail_over(int replica);
  void end(JobId id, Job& job, JobEnd how);
  void after_step(int replica);
  cluster::RouteRequest route_request(const Job& job) const;
  cluster::RouteView route_view();
  void rebalance();
  void plan_rebalance();
  void migrate();
  cluster::RunningRequest running_view(const SequenceOfRequest& sequence, const Job& job) const;
  void refresh_view(int replica);
  int like_which(int replica) const;
  std::span<const cluster::ReplicaView> views();
  Time transfer(int from, double tokens);
  /// Runs `action` on the job at `at`, if it is still in the same place by then.
  template <class Action>
  void later(Time at, JobId id, const Job& job, Action action);
  Slot& slot(int replica) { return slots_[static_cast<std::size_t>(replica)]; }
  bool is_reachable(int replica) const {
    return replicas_[static_cast<std::size_t>(replica)]->up() &&
           !slots_[static_cast<std::size_t>(replica)].cut;
  }

  FleetOptions options_;
  EventQueue& queue_;
  std::unique_ptr<cluster::Router> router_;
  const cluster::MigrationPolicy* migration_ = nullptr;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<Slot> slots_;
  std::vector<cluster::ReplicaView> views_;
  cluster::PrefixDirectory directory_;
  std::unordered_map<std::uint64_t, Job> jobs_;  // by number; looked up, and walked in order of numbers alone
  bench::Draws draws_;
  FleetCounters counters_;
  OracleCache asked_;
  double damaged_share_ = 0;
  std::uint64_t next_request_ = 1;
  bool rebalance_planned_ = false;
  std::vector<SequenceOfRequest> sequences_;
  std::unordered_map<RequestId, JobId> job_of_;
};

template <class Action>
void Fleet::later(Time at, JobId id, const Job& job, Action action) {
  queue_.at(at, [this, id, stay = job.stay, action] {
    const auto where = jobs_.find(id.number);
    if (where != jobs_.end() && where->second.stay == stay) action(where->second);
  });
}

}  // namespace loci::sim
