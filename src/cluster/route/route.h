// Policy family: which replica gets a request.
//
// A router sees the request, its replicas and what they have cached, and answers with a replica for the
// prompt and one for the output. It decides and nothing else: no socket, no clock, no random number of its
// own (a draw comes in the view), so the gateway and the simulator ask the same object. A router may
// remember (an index, a ring, sessions); what it remembers is bounded, and equal histories decide equally.
// Owner: one thread. To add one: a file beside this one, a line in table.inc, a test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "cluster/assumed_prefixes.h"
#include "cluster/migration.h"
#include "cluster/prediction.h"
#include "cluster/prefix_directory.h"
#include "cluster/replica_view.h"
#include "cluster/route/router_options.h"
#include "memory/block_key.h"

namespace loci::cluster {

struct RouteRequest {
  std::span<const BlockKey> keys{};  // of the prompt's whole blocks
  int block_tokens = 16;
  int prompt_tokens = 0;
  double expected_output = 0;  // tokens; 0: not known
  std::uint64_t session = 0;   // a hash of who asks, or of the conversation; 0: none
  double ttft_slo = 0;         // seconds; 0: the options'
  double tpot_slo = 0;
};

struct RouteView {
  std::span<const ReplicaView> replicas;       // [id]
  const PrefixDirectory* directory = nullptr;  // none: nobody is known to have cached anything, or what the
                                               // router assumes (RouterOptions::assumed_blocks)
  double draw = 0;                             // uniform in [0, 1), a new one for each request
  TransferCost transfer{};                     // of KV from one replica to another
};

struct RouteDecision {
  int prefill = -1;       // the replica that computes the prompt
  int decode = -1;        // that goes on with its KV; the same unless roles differ
  int cached_tokens = 0;  // that the directory says `prefill` has of the prompt
  double ttft = 0;        // seconds, predicted
  bool over_slo = false;  // every candidate is predicted to miss the TTFT asked for
  int fetch_from = -1;    // pull this replica's longer prefix before computing; -1: do not
  int fetch_tokens = 0;   // that are pulled
  bool operator==(const RouteDecision&) const = default;
};

enum class NoRoute {
  kNoReplica,   // none is ready
  kOverloaded,  // refused early: it would be computed in vain
};

/// A request that waits on a replica, for rebalancing.
struct WaitingRequest {
  RequestId id{};
  int replica = 0;
  int cached_tokens = 0;  // of its prompt, there
  RouteRequest request;
};

class Router {
 public:
  explicit Router(const RouterOptions& options);
  virtual ~Router() = default;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Where `request` goes. Only replicas that are ready are named.
  std::expected<RouteDecision, NoRoute> route(const RouteRequest& request, const RouteView& view, Time now);

  /// Requests that should wait elsewhere, asked for now and then. Most routers never move one.
  virtual std::vector<Migration> rebalance(std::span<const WaitingRequest> waiting, const RouteView& view);

 protected:
  struct Candidates {
    const RouteRequest& request;
    const RouteView& view;
    std::span<const int> prefill;  // ready replicas that may compute the prompt, by id; never empty
    std::span<const int> decode;   // that may go on with what was computed elsewhere, by id; never empty
    Time now;

    const ReplicaView& at(int id) const { return view.replicas[static_cast<std::size_t>(id)]; }
    bool may_prefill(int id) const { return std::ranges::binary_search(prefill, id); }
  };
  /// Names at least `prefill`. What it leaves out is filled in: the prediction, what is cached there, and for
  /// a replica of the role prefill the decode replica that is predicted to be done first.
  virtual std::expected<RouteDecision, NoRoute> choose(const Candidates& candidates) = 0;

  const RouterOptions& options() const { return options_; }
  /// Of `candidates.prefill`, the one with the least cost(replica); one of several such by the draw.
  template <class Cost>
  static int least(const Candidates& candidates, const Cost& cost) {
    int best = -1;
    double least_cost = 0;
    const auto count = static_cast<int>(candidates.prefill.size());
    const int first = drawn(candidates.view.draw, count);
    for (int i = 0; i < count; ++i) {
      const int id = candidates.prefill[static_cast<std::size_t>((first + i) % count)];
      const double here = comparable(cost(candidates.at(id)));
      if (best < 0 || here < least_cost) best = id, least_cost = here;
    }
    return best;
  }
  /// 0 .. count - 1, whatever the draw is.
  static int drawn(double draw, int count);
  /// Of the prompt, on a replica.
  int cached_tokens(const Candidates& candidates, int replica) const;
  /// The same of every replica, in one walk over the directory: [id]. Valid until it is called again.
  std::span<const int> cached_everywhere(const Candidates& candidates);
  /// What brings equal requests together: the session, else the prompt's leading blocks, else the draw.
  std::uint64_t affinity_key(const Candidates& candidates) const;
  double ttft_slo(const RouteRequest& request) const;
  double tpot_slo(const RouteRequest& request) const;

 private:
  bool find_candidates(const RouteView& view);
  const PrefixDirectory* assumed_directory(const RouteView& view, Time now);
  void complete(const Candidates& candidates, RouteDecision& decision) const;

  RouterOptions options_;
  std::optional<AssumedPrefixes> assumed_;
  std::vector<int> prefill_, decode_;  // kept, so that routing allocates nothing
  std::vector<int> cached_;
};

struct RouterEntry {
  std::string_view name;
  std::string_view source;  // paper and equation, or the system that it is known from
  std::unique_ptr<Router> (*make)(const RouterOptions&);
};

std::span<const RouterEntry> routers();
/// The router of this name; kInvalidArgument listing those that there are, or naming the option.
Result<std::unique_ptr<Router>> make_router(std::string_view name, const RouterOptions& options = {});

/// Makes the `make` of a table entry.
template <class Kind>
std::unique_ptr<Router> make_kind(const RouterOptions& options) {
  return std::make_unique<Kind>(options);
}

#define LOCI_ROUTER(name) extern const RouterEntry name;
#include "cluster/route/table.inc"
#undef LOCI_ROUTER

}  // namespace loci::cluster
