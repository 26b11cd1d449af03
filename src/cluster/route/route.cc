#include "cluster/route/route.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/named_table.h"
#include "cluster/hash_ring.h"

namespace loci::cluster {

std::span<const RouterEntry> routers() {
#define LOCI_ROUTER(name) name,
  static const std::array table{
#include "cluster/route/table.inc"
  };
#undef LOCI_ROUTER
  return table;
}

Result<std::unique_ptr<Router>> make_router(std::string_view name, const RouterOptions& options) {
  LOCI_TRY(const RouterEntry* entry, find_named("router", routers(), name));
  LOCI_TRY_VOID(validate(options));
  return entry->make(options);
}

Router::Router(const RouterOptions& options) : options_(options) {
  if (options.assumed_blocks > 0)
    assumed_.emplace(static_cast<std::size_t>(options.assumed_blocks), options.assumed_seconds);
}

std::expected<RouteDecision, NoRoute> Router::route(const RouteRequest& request, const RouteView& seen,
                                                    Time now) {
  if (!find_candidates(seen)) return std::unexpected(NoRoute::kNoReplica);
  RouteView view = seen;
  if (view.directory == nullptr) view.directory = assumed_directory(view, now);
  const Candidates candidates{request, view, prefill_, decode_, now};
  auto decision = choose(candidates);
  if (!decision) return decision;
  complete(candidates, *decision);
  if (assumed_)
    for (const int replica : {decision->prefill, decision->decode})
      assumed_->routed(replica, request.keys, now);
  return decision;
}

const PrefixDirectory* Router::assumed_directory(const RouteView& view, Time now) {
  if (!assumed_) return nullptr;
  for (const ReplicaView& replica : view.replicas)
    if (replica.state == ReplicaState::kDown) assumed_->forget(replica.id);
  return &assumed_->at(now);
}

std::vector<Migration> Router::rebalance(std::span<const WaitingRequest>, const RouteView&) {
  return {};
}

/// A role is a preference: where nobody who is ready has it, all who are ready do.
bool Router::find_candidates(const RouteView& view) {
  prefill_.clear();
  decode_.clear();
  for (const ReplicaView& replica : view.replicas) {
    if (!replica.takes_requests()) continue;
    if (replica.role != ReplicaRole::kDecode) prefill_.push_back(replica.id);
    if (replica.role != ReplicaRole::kPrefill) decode_.push_back(replica.id);
  }
  if (prefill_.empty()) prefill_ = decode_;
  if (decode_.empty()) decode_ = prefill_;
  return !prefill_.empty();
}

int Router::drawn(double draw, int count) {
  return draw > 0 ? std::min(static_cast<int>(std::min(draw, 1.0) * count), count - 1) : 0;
}

namespace {

/// Of `blocks` cached blocks; the last token is computed always.
int tokens_of(int blocks, const RouteRequest& request) {
  const std::int64_t tokens = std::int64_t{blocks} * std::max(0, request.block_tokens);
  return static_cast<int>(std::min<std::int64_t>(tokens, std::max(1, request.prompt_tokens) - 1));
}

}  // namespace

int Router::cached_tokens(const Candidates& candidates, int replica) const {
  const PrefixDirectory* directory = candidates.view.directory;
  if (directory == nullptr) return 0;
  return tokens_of(directory->match(replica, candidates.request.keys), candidates.request);
}

std::span<const int> Router::cached_everywhere(const Candidates& candidates) {
  cached_.assign(candidates.view.replicas.size(), 0);
  if (candidates.view.directory != nullptr)
    candidates.view.directory->match_all(candidates.request.keys, cached_);
  for (int& blocks : cached_) blocks = tokens_of(blocks, candidates.request);
  return cached_;
}

std::uint64_t Router::affinity_key(const Candidates& candidates) const {
  const RouteRequest& request = candidates.request;
  if (request.session != 0) return mix(request.session);
  if (!request.keys.empty()) {
    const auto leading = static_cast<std::size_t>(options_.prefix_blocks);
    return mix(request.keys[std::min(leading, request.keys.size()) - 1]);
  }
  return mix(static_cast<std::uint64_t>(drawn(candidates.view.draw, 1 << 30)));
}

double Router::ttft_slo(const RouteRequest& request) const {
  return request.ttft_slo > 0 ? request.ttft_slo : options_.ttft_slo;
}

double Router::tpot_slo(const RouteRequest& request) const {
  return request.tpot_slo > 0 ? request.tpot_slo : options_.tpot_slo;
}

void Router::complete(const Candidates& candidates, RouteDecision& decision) const {
  const ReplicaView& prefill = candidates.at(decision.prefill);
  LOCI_CHECK(prefill.takes_requests() ||
             (options_.dualmap.drain_serves && prefill.state == ReplicaState::kDraining));
  if (decision.cached_tokens == 0) decision.cached_tokens = cached_tokens(candidates, decision.prefill);
  if (decision.ttft == 0)
    decision.ttft = predicted_ttft(prefill, {candidates.request.prompt_tokens, decision.cached_tokens});
  if (decision.decode >= 0) return;
  decision.decode = decision.prefill;
  if (prefill.role != ReplicaRole::kPrefill) return;
  const double tokens = candidates.request.prompt_tokens + candidates.request.expected_output;
  const auto done = [&](int id) {
    return comparable(admission_seconds(candidates.at(id), tokens) + outstanding_seconds(candidates.at(id)));
  };
  decision.decode = *std::ranges::min_element(candidates.decode, {}, done);
}

}  // namespace loci::cluster
