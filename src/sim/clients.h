// Who asks: sessions of a workload, arriving in an open or a closed loop, in virtual time. The workloads,
// arrivals and records are those of `loci bench serve`, so that a simulated run and a measured one ask the
// same.
#pragma once

#include <memory>
#include <unordered_map>

#include "bench/arrivals.h"
#include "bench/workload.h"
#include "sim/event_queue.h"
#include "sim/fleet.h"
#include "sim/tally.h"

namespace loci::sim {

struct ClientOptions {
  bench::ArrivalOptions arrivals{};
  std::optional<int> concurrency{};     // closed loop: so many sessions at once, without an arrival process
  std::uint64_t requests = 1000;        // at most
  std::optional<double> max_seconds{};  // no session begins later
  double cancel_share = 0;              // of requests whose client goes away, at a moment of its own
  double cancel_after = 2;              // seconds, the mean of an exponential
  double offline_share = 0;             // of sessions that nobody waits for
  std::uint64_t tenants = 1;            // sessions belong to them in turn; a namespace for each
  bool tenant_by_part = false;          // instead: a tenant asks for one part of a mix
  std::optional<Duration> first_token_within{};
  std::uint64_t seed = 0;
  bool keep_results = false;  // for reports with plots; memory grows with the run
};

class Clients final : public JobListener {
 public:
  Clients(const bench::Workload& workload, const ClientOptions& options, Fleet& fleet, EventQueue& queue,
          const bench::Slo& slo);

  void start();
  bool done() const { return sent_all_ && sessions_.empty(); }
  const Tally& tally() const { return tally_; }
  const std::vector<bench::RequestResult>& results() const { return results_; }
  /// Jain's index (Jain, Chiu and Hawe 1984) of what the tenants were served while sessions still arrived: 1
  /// where all had the same, 1 / tenants where one had all. A prompt token counts 1, a generated one 2, as in
  /// the order `fair`.
  double fairness() const;
  /// Ends that came twice, or before the client asked: always a bug.
  std::uint64_t wrong_ends() const { return wrong_ends_; }
  /// This share of the clients that wait now goes away at once.
  void cancel_some(double share);

  void on_tokens(JobId job, std::span<const TokenId> tokens, Time now) override;
  void on_end(JobId job, JobEnd end, int cached_tokens, Time now) override;

 private:
  struct Running {
    bench::Session session;
    std::size_t turn = 0;
    std::vector<TokenId> history;  // the whole conversation so far
    std::size_t prompt_tokens = 0;
    std::uint64_t tenant = 0;
    bool offline = false;
    bench::RequestResult result{};
  };

  void next_arrival();
  void begin_session();
  void ask(std::uint64_t session);
  double now_seconds() const { return seconds(queue_.now().time_since_epoch()); }

  const bench::Workload& workload_;
  ClientOptions options_;
  Fleet& fleet_;
  EventQueue& queue_;
  bench::Arrivals arrivals_;
  std::unordered_map<std::uint64_t, Running> sessions_;          // by number
  std::unordered_map<std::uint64_t, std::uint64_t> session_of_;  // [job]
  Tally tally_;
  std::vector<double> served_;  // [tenant] while sessions arrive
  std::vector<bench::RequestResult> results_;
  std::uint64_t next_session_ = 0, next_job_ = 0, wrong_ends_ = 0;
  bool sent_all_ = false;
};

}  // namespace loci::sim
